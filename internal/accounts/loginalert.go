package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/clientip"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/sessions"
)

const (
	// purposeKnownDevices is the record of the devices of a user.
	purposeKnownDevices = "known_devices"
	// purposeLoginAlert is the key of the link in a mail about a new device.
	purposeLoginAlert = "login_alert"

	// alertLifetime is how long the link is valid.
	alertLifetime = 7 * 24 * time.Hour
	// recordLifetime is how long a user is remembered who never logs in.
	recordLifetime = 10 * 365 * 24 * time.Hour
	// maxAlerts is the number of mails about new devices that a user gets a day, so that
	// an attacker with the password cannot flood the mailbox.
	maxAlerts = 10
	// maxKnownApps is the number of apps that are known for a user.
	maxKnownApps = 20
)

// deviceRecord is what is stored of the devices of a user: a challenge without a secret,
// with one row for each user. Known browsers are not in it: they have the cookie.
type deviceRecord struct {
	// ForgottenAt is when all devices were forgotten, in seconds since the epoch. Browsers
	// that were marked until then are unknown.
	ForgottenAt int64 `json:"forgotten,omitempty"`
	// Unused is true if the account was returned to its owner, until the first login.
	Unused bool       `json:"unused,omitempty"`
	Apps   []knownApp `json:"apps,omitempty"`
	// Alerts are the mails whose links are valid.
	Alerts []sentAlert `json:"alerts,omitempty"`
}

// sentAlert is a mail: the id of its challenge, and when it was sent.
type sentAlert struct {
	ID string `json:"id"`
	At int64  `json:"at"`
}

// knownApp is an app in a network, see Service.appMAC.
type knownApp struct {
	MAC []byte `json:"mac"`
	// At is when the user last logged in with it, renewed once a month.
	At int64 `json:"at"`
}

// recordID returns the id of the record of a user.
func recordID(userID string) string { return markID(purposeKnownDevices, userID) }

// record returns the record of a user, and the challenge with it, nil if there is none.
func (s *Service) record(ctx context.Context, userID string) (r deviceRecord, stored *authn.Challenge, err error) {
	stored, err = s.codes.Store.ChallengeByID(ctx, recordID(userID))
	if errors.Is(err, authn.ErrNotFound) {
		return r, nil, nil
	}
	if err != nil {
		return r, nil, fmt.Errorf("load known devices: %w", err)
	}
	if err := json.Unmarshal(stored.Data, &r); err != nil {
		return r, nil, fmt.Errorf("decode known devices: %w", err)
	}
	return r, stored, nil
}

// storeRecord stores the record in place of the stored one, which may be nil. Returns
// authn.ErrCollision if another request changed it meanwhile.
func (s *Service) storeRecord(ctx context.Context, userID string, r deviceRecord, stored *authn.Challenge) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if stored == nil {
		c := authn.Challenge{ID: recordID(userID), Purpose: purposeKnownDevices, UserID: userID, Data: text}
		_, err = s.codes.Issue(ctx, c, "", recordLifetime)
	} else {
		changed := *stored
		changed.Data, changed.ExpiresAt = text, s.deps.Now().Add(recordLifetime)
		err = s.codes.Reissue(ctx, &changed, "")
	}
	if errors.Is(err, authn.ErrConflict) || errors.Is(err, work.ErrNotPending) {
		return fmt.Errorf("store known devices: %w", authn.ErrCollision)
	}
	return err
}

// newDeviceKey is the key in work.Runs of whether the device of a user is new.
type newDeviceKey string

// noteDevice stores the device of a login, mails the user about a new one, and reports
// whether it was known. entry is that of the user in the cookie of a browser.
func (s *Service) noteDevice(ctx context.Context, sess *login.Session, l *login.Attempt, entry login.UserCookieEntry) (known bool, err error) {
	userID := sess.UserID()
	r, stored, err := s.record(ctx, userID)
	if err != nil {
		return false, err
	}
	// An account has no device before its first login.
	first := l.Signup || r.Unused || stored == nil && sess.Identity.Sessions <= 0
	changed := stored == nil || r.Unused
	r.Unused = false
	if sess.Kind == login.Browser {
		known = entry.ID != "" && entry.At > r.ForgottenAt
	} else {
		var renewed bool
		known, renewed = r.seeApp(s.appMAC(sess), s.deps.Now())
		changed = changed || renewed
	}
	isNew := !known && !first
	if runs := work.Runs(ctx); !s.codes.Store.ChallengesInTx() {
		// The record of an earlier run of the transaction was not rolled back.
		if earlier, found := runs[newDeviceKey(userID)].(bool); found {
			isNew = earlier
		}
		runs[newDeviceKey(userID)] = isNew
	}
	if isNew {
		alerted, err := s.alert(ctx, sess, &r)
		if err != nil {
			return false, err
		}
		changed = changed || alerted
		work.Emit(ctx, userID, sessions.NewDevice{Alerted: alerted})
	}
	if !changed {
		return known, nil
	}
	return known, s.storeRecord(ctx, userID, r, stored)
}

// seeApp adds an app, or renews it once a month.
func (r *deviceRecord) seeApp(mac []byte, now time.Time) (known, changed bool) {
	r.Apps = slices.DeleteFunc(r.Apps, func(a knownApp) bool { return !now.Before(time.Unix(a.At, 0).Add(deviceLifetime)) })
	i := slices.IndexFunc(r.Apps, func(a knownApp) bool { return string(a.MAC) == string(mac) })
	if i >= 0 && now.Before(time.Unix(r.Apps[i].At, 0).Add(deviceRenewal)) {
		return true, false
	}
	if i >= 0 {
		r.Apps = slices.Delete(r.Apps, i, i+1)
	}
	r.Apps = append(r.Apps, knownApp{mac, now.Unix()})
	r.Apps = r.Apps[max(0, len(r.Apps)-maxKnownApps):]
	return i >= 0, true
}

// appMAC identifies an app of a user: its User-Agent without the numbers of versions, and
// the network of its address. Nothing of them is stored, and the MACs of two users differ.
func (s *Service) appMAC(sess *login.Session) []byte {
	name := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, sess.Client.UserAgent)
	return s.deps.Keys.MAC("known app", []byte(sess.UserID()), []byte(name), []byte(networkOf(sess.Client.IP)))[:16]
}

// networkOf returns the network of an address: 24 bits of IPv4, 48 bits of IPv6.
func networkOf(ip netip.Addr) string {
	ip = ip.Unmap()
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}

// alertedLogin is the data of a login alert.
type alertedLogin struct {
	IP        string `json:"ip"`
	UserAgent string `json:"user_agent"`
	// AuthHash and Phone show later whether the password and the number have changed.
	AuthHash string `json:"auth_hash,omitempty"`
	Phone    []byte `json:"phone,omitempty"`
}

// alert mails the user about the login of the session, and reports whether it did. It does
// not if the user has no verified address, has logged in with what was mailed there, or
// has got too many mails.
func (s *Service) alert(ctx context.Context, sess *login.Session, r *deviceRecord) (bool, error) {
	owner, now := sess.Identity, s.deps.Now()
	c, err := s.contactsOf(ctx, owner.User.ID)
	if err != nil {
		return false, err
	}
	to := primary(c.onlyVerified().emails).Email
	r.Alerts = slices.DeleteFunc(r.Alerts, func(m sentAlert) bool { return now.Sub(time.Unix(m.At, 0)) >= alertLifetime })
	today := 0
	for _, m := range r.Alerts {
		if now.Sub(time.Unix(m.At, 0)) < 24*time.Hour {
			today++
		}
	}
	if to == "" || today >= maxAlerts || mailedTo(sess.State.Methods, to) {
		return false, nil
	}
	data := alertedLogin{clientip.Text(sess.Client.IP), sess.Client.UserAgent, owner.AuthHash, s.numberMAC(owner.User.ID, c.phone)}
	text, err := json.Marshal(data)
	if err != nil {
		return false, err
	}
	key, err := s.codes.IssueKey(ctx, authn.Challenge{Purpose: purposeLoginAlert, UserID: owner.User.ID, Subject: to, Data: text}, alertLifetime)
	if err != nil {
		return false, err
	}
	id, _, _ := strings.Cut(key, "-")
	r.Alerts = append(r.Alerts, sentAlert{id, now.Unix()})
	return true, s.deps.Post.Mail(ctx, "account/login_from_new_device", to, owner.User, map[string]any{
		"Key": key, "URL": work.WithKey(s.deps.FrontendURLs.LoginAlert, key), "ExpiresIn": alertLifetime,
		"User": login.NameOf(owner.User), "Timestamp": now, "IP": data.IP, "UserAgent": data.UserAgent,
	}, messageLifetime)
}

// mailedTo reports whether a user has logged in with a code or link that was mailed to the
// address.
func mailedTo(methods []authn.Method, email string) bool {
	return slices.ContainsFunc(methods, func(m authn.Method) bool {
		return m.Email == email && (m.Name == "code" || m.Name == "password_reset")
	})
}

// numberMAC returns the MAC of the phone number of a user, which may be nil.
func (s *Service) numberMAC(userID string, phone *account.Phone) []byte {
	if phone == nil {
		return nil
	}
	return s.deps.Keys.MAC("phone of an alert", []byte(userID), []byte(phone.Number))
}

// LoginAlert is a login that was mailed to the owner of the account.
type LoginAlert struct {
	At            time.Time
	IP, UserAgent string
	// Owner is the user. It is nil if the address of the mail does not recover the
	// account any more: then its reader does not learn what the account has.
	Owner *login.Identity
	// Emails were added since the login.
	Emails []account.EmailAddress
	// Phone is a number that the account did not have then, empty if there is none.
	Phone string
	// PasswordChanged is true if the password is another one since.
	PasswordChanged bool
}

// LoginAlertOf returns the login about which the mail with the key was sent. It changes
// nothing. Returns authn.Errors for an invalid key.
func (s *Service) LoginAlertOf(ctx context.Context, key string) (*LoginAlert, error) {
	p, err := s.matchAlert(ctx, key)
	if err != nil {
		return nil, err
	}
	return s.loginAlert(ctx, p)
}

// matchAlert returns the challenge of a key. Returns authn.Errors for an invalid one.
func (s *Service) matchAlert(ctx context.Context, key string) (*codes.Pending, error) {
	if key == "" {
		return nil, problem.List("key", code.Required)
	}
	p, err := s.codes.MatchKey(ctx, purposeLoginAlert, key)
	if errors.Is(err, work.ErrNotPending) {
		return nil, invalidAlertKey()
	}
	return p, err
}

func invalidAlertKey() authn.Errors { return problem.List("key", code.InvalidOrExpiredKey) }

// loginAlert returns the login of a challenge, and what was added to the account since.
func (s *Service) loginAlert(ctx context.Context, p *codes.Pending) (*LoginAlert, error) {
	var data alertedLogin
	if err := json.Unmarshal(p.Data, &data); err != nil {
		return nil, fmt.Errorf("decode login alert: %w", err)
	}
	owner, err := s.Identify(ctx, p.UserID)
	if errors.Is(err, authn.ErrNotFound) {
		return nil, invalidAlertKey()
	}
	if err != nil {
		return nil, err
	}
	c, err := s.contactsOf(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	a := &LoginAlert{At: p.CreatedAt, IP: data.IP, UserAgent: data.UserAgent}
	if _, verified := c.find(p.Subject); !verified {
		return a, nil
	}
	a.Owner, a.PasswordChanged = owner, owner.AuthHash != data.AuthHash
	for _, e := range c.emails {
		if !e.CreatedAt.Before(a.At) {
			a.Emails = append(a.Emails, e)
		}
	}
	if c.phone != nil && !s.deps.Keys.CheckMAC("phone of an alert", data.Phone, []byte(p.UserID), []byte(c.phone.Number)) {
		a.Phone = c.phone.Number
	}
	return a, nil
}

// hasDevices reports whether a user may have logged in before, as far as alerts are
// concerned.
func (s *Service) hasDevices(ctx context.Context, userID string) (bool, error) {
	if !s.cfg.LoginAlerts {
		return false, nil
	}
	_, stored, err := s.record(ctx, userID)
	if err != nil || stored != nil {
		return stored != nil, err
	}
	owner, err := s.Identify(ctx, userID)
	if err != nil {
		return false, err
	}
	return owner.Sessions > 0, nil
}

// forgetEarlierOwner makes all devices of an account unknown that is returned to its owner,
// who gets no mail about the first login.
func (s *Service) forgetEarlierOwner(ctx context.Context, userID string) error {
	has, err := s.hasDevices(ctx, userID)
	if err != nil || !has {
		return err
	}
	_, stored, err := s.record(ctx, userID)
	if err != nil {
		return err
	}
	// The owner may log in within the same second, which is all that cookies know.
	at := s.deps.Now().Add(-time.Second).Unix()
	return s.storeRecord(ctx, userID, deviceRecord{ForgottenAt: at, Unused: true}, stored)
}

// alertsBefore returns the alerts that were mailed before p, to other addresses. A thief
// who has added an address gets alerts, too, which must not end those of the owner.
func (s *Service) alertsBefore(ctx context.Context, p *codes.Pending) ([]*authn.Challenge, error) {
	r, _, err := s.record(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	var earlier []*authn.Challenge
	for _, m := range r.Alerts {
		c, err := s.codes.Find(ctx, purposeLoginAlert, m.ID)
		if errors.Is(err, work.ErrNotPending) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.Subject != p.Subject && c.CreatedAt.Before(p.CreatedAt) {
			earlier = append(earlier, c)
		}
	}
	return earlier, nil
}

// keepAlerts stores alerts again after endAll has deleted them.
func (s *Service) keepAlerts(ctx context.Context, userID string, alerts []*authn.Challenge) error {
	r, stored, err := s.record(ctx, userID)
	if err != nil {
		return err
	}
	r.ForgottenAt, r.Alerts = s.deps.Now().Unix(), nil
	for _, c := range alerts {
		if err := s.codes.Store.CreateChallenge(ctx, *c); err != nil {
			return fmt.Errorf("keep earlier alerts: %w", err)
		}
		r.Alerts = append(r.Alerts, sentAlert{c.ID, c.CreatedAt.Unix()})
	}
	return s.storeRecord(ctx, userID, r, stored)
}

// DisownLogin ends everything that is logged in or could log in without the password:
// sessions with their refresh tokens, trust in browsers, pending codes and reset keys. No
// device is known any more. It mails a link to reset the password to the address of the
// alert, if that address recovers the account, and reports whether it did. It uses up the
// key, and makes the keys of other alerts of the user invalid, except those that were
// mailed to other addresses before. left is called at the end
// of the transaction, to read what is left of what was added. Returns authn.Errors for an
// invalid key.
func (s *Flows) DisownLogin(ctx context.Context, sess *login.Session, key string, left func(ctx context.Context, a *LoginAlert) error) (resetSent bool, err error) {
	p, err := s.matchAlert(ctx, key)
	if err != nil {
		return false, err
	}
	err = s.Administer(ctx, p.UserID, func(ctx context.Context, _ *authn.User) error {
		if err := p.Consume(ctx); err != nil {
			return err
		}
		a, err := s.loginAlert(ctx, p)
		if err != nil {
			return err
		}
		earlier, err := s.alertsBefore(ctx, p)
		if err != nil {
			return err
		}
		if err := s.endAll(ctx, p.UserID); err != nil {
			return err
		}
		if err := s.keepAlerts(ctx, p.UserID, earlier); err != nil {
			return err
		}
		resetSent = a.Owner != nil && !a.Owner.User.Disabled && !s.deps.ProvidersOnly
		if resetSent {
			if err := s.mailResetLink(ctx, p.Subject, a.Owner.User, s.deps.Post.Origin(ctx, map[string]any{})); err != nil {
				return err
			}
		}
		work.Emit(ctx, p.UserID, sessions.LoginDisowned{ResetSent: resetSent})
		if sess.UserID() == p.UserID {
			s.Logout(ctx, sess)
		}
		return left(ctx, a)
	})
	if errors.Is(err, work.ErrNotPending) || errors.Is(err, authn.ErrNotFound) {
		err = invalidAlertKey()
	}
	return resetSent, err
}
