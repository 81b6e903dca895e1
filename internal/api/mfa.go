package api

import (
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/mfa"
)

// authenticatorCode reads the field "code". A value that is neither a text nor a number is
// an incorrect code.
func (f *form) authenticatorCode() string {
	typed, _, isCode := f.Code("code")
	typed = strings.TrimSpace(typed)
	switch {
	case !isCode && !f.Empty("code"):
		f.errs = append(f.errs, problem.List("code", code.IncorrectCode)...)
	case typed == "":
		f.add("code", code.Required)
	case strings.ContainsRune(typed, 0):
		f.add("code", code.NullCharactersNotAllowed)
	}
	return typed
}

// authenticatorItem is an entry of the list of authenticators. Members that the type does
// not have are left out.
type authenticatorItem struct {
	Type            mfa.Type  `json:"type"`
	CreatedAt       float64   `json:"created_at"`
	LastUsedAt      *float64  `json:"last_used_at"`
	TotalCodeCount  *int      `json:"total_code_count,omitempty"`
	UnusedCodeCount *int      `json:"unused_code_count,omitempty"`
	UnusedCodes     *[]string `json:"unused_codes,omitempty"`
	ID              int64     `json:"id,omitempty"`
	Name            string    `json:"name,omitempty"`
	IsPasswordless  *bool     `json:"is_passwordless,omitempty"`
	*factors.KeySignals
}

func authenticator(a mfa.Authenticator) authenticatorItem {
	item := authenticatorItem{Type: a.Type, CreatedAt: authn.Seconds(a.CreatedAt)}
	if !a.LastUsedAt.IsZero() {
		used := authn.Seconds(a.LastUsedAt)
		item.LastUsedAt = &used
	}
	return item
}

func recoveryCodes(codes *factors.Codes) authenticatorItem {
	item := authenticator(codes.Authenticator)
	item.TotalCodeCount, item.UnusedCodeCount = &codes.Total, &codes.Unused
	if codes.Codes != nil {
		item.UnusedCodes = &codes.Codes
	}
	return item
}

func securityKey(key *factors.Key) authenticatorItem {
	item := authenticator(key.Authenticator)
	item.ID, item.Name, item.IsPasswordless, item.KeySignals = key.WireID, key.Name, key.Passwordless, key.KeySignals
	return item
}

func (h *Handler) listAuthenticators(c *call) (reply, error) {
	list, err := h.mfa.Authenticators(c.ctx, c.sess.Session)
	items := make([]authenticatorItem, len(list))
	for i, listed := range list {
		switch {
		case listed.Codes != nil:
			items[i] = recoveryCodes(listed.Codes)
		case listed.Key != nil:
			items[i] = securityKey(listed.Key)
		default:
			items[i] = authenticator(listed.Authenticator)
		}
	}
	return shown(items, err)
}
