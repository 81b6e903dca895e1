package api

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/login"
)

// loginAlert is a login that was mailed to the owner of the account.
type loginAlert struct {
	At        float64 `json:"at"`
	IP        string  `json:"ip"`
	UserAgent string  `json:"user_agent"`
	// Since is what was added to the account since the login, and is still there.
	Since []addition `json:"since"`
	// ResetSent says whether a link to reset the password was mailed.
	ResetSent *bool `json:"reset_sent,omitempty"`
}

// addition is something that was added to an account.
type addition struct {
	// Type is "email", "phone", "password", "session", "provider" or the type of an
	// authenticator.
	Type string `json:"type"`
	// Name tells the user what it is: an address, a number, a browser, a provider, the
	// name of a key.
	Name string `json:"name,omitempty"`
	// IP is that of a session.
	IP string `json:"ip,omitempty"`
	// At is when it was added, empty if unknown.
	At *float64 `json:"at,omitempty"`
}

func (h *Handler) showLoginAlert(c *call) (reply, error) {
	a, err := h.account.LoginAlertOf(c.ctx, c.r.Header.Get("X-Login-Alert-Key"))
	if err != nil {
		return reply{}, err
	}
	return shown(h.loginAlert(c.ctx, a))
}

// disownLogin answers with what is left, so that the owner can remove it after the reset.
func (h *Handler) disownLogin(c *call, key string) (reply, error) {
	var data loginAlert
	resetSent, err := h.account.DisownLogin(c.ctx, c.sess.Session, key, func(ctx context.Context, a *accounts.LoginAlert) (err error) {
		data, err = h.loginAlert(ctx, a)
		return err
	})
	data.ResetSent = &resetSent
	return shown(data, err)
}

func (h *Handler) loginAlert(ctx context.Context, a *accounts.LoginAlert) (loginAlert, error) {
	data := loginAlert{At: authn.Seconds(a.At), IP: a.IP, UserAgent: a.UserAgent, Since: []addition{}}
	if a.Owner == nil {
		return data, nil
	}
	add := func(typ, name, ip string, at time.Time) {
		if at.Before(a.At) {
			return
		}
		seconds := authn.Seconds(at)
		data.Since = append(data.Since, addition{typ, name, ip, &seconds})
	}
	if a.PasswordChanged {
		data.Since = append(data.Since, addition{Type: "password"})
	}
	for _, e := range a.Emails {
		add("email", e.Email, "", e.CreatedAt)
	}
	if a.Phone != "" {
		data.Since = append(data.Since, addition{Type: "phone", Name: a.Phone})
	}
	owner := login.NewSession(login.App, authn.Client{}) // the lists are those of its user
	owner.Identity = a.Owner
	if h.mfa != nil {
		list, err := h.mfa.Authenticators(ctx, owner)
		if err != nil {
			return data, err
		}
		for _, one := range list {
			add(string(one.Type), one.Name, "", one.CreatedAt)
		}
	}
	if h.social != nil {
		list, err := h.social.Accounts(ctx, owner)
		if err != nil {
			return data, err
		}
		for _, one := range list {
			add("provider", one.Provider.Name, "", one.CreatedAt)
		}
	}
	rows, err := h.sessions.List(ctx, a.Owner)
	if err != nil {
		return data, err
	}
	for _, row := range rows {
		add("session", row.UserAgent, row.IP, row.CreatedAt)
	}
	return data, nil
}
