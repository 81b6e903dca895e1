package faults_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
)

// verifications counts the attempts at mailing what verifies an address.
func (s *site) verifications() int {
	n := 0
	for kind, counted := range s.charges() {
		if strings.HasPrefix(kind, "confirm_email:") {
			n = max(n, counted) // in each of its counters
		}
	}
	return n
}

// A sign-up that fails has mailed nothing: the next one mails without a wait. It
// counts as a sign-up.
func TestSignUpThatComesToNothing(t *testing.T) {
	t.Parallel()
	var (
		weak    = body{"email": "ann@example.org", "password": "weak"}
		signup  = body{"email": "ann@example.org", "password": password}
		refusal = &authn.Error{Code: "not_today", Message: "Come back tomorrow."}
	)
	for _, by := range []struct {
		name string
		edit func(cfg *allauth.Config)
	}{
		{"link", func(*allauth.Config) {}},
		{"code", func(cfg *allauth.Config) { cfg.Account.EmailVerificationByCode = &account.CodeConfig{} }},
	} {
		for name, fails := range map[string]struct {
			status int
			edit   func(s *site, cfg *allauth.Config, failing *atomic.Bool)
			form   body
			again  string // the endpoint of what succeeds afterwards
		}{
			"a form with a weak password": {400, nil, weak, "auth/signup"},
			"closed": {403, func(_ *site, cfg *allauth.Config, failing *atomic.Bool) {
				cfg.Account.IsOpenForSignup = func(context.Context) bool { return !failing.Load() }
			}, signup, "auth/signup"},
			"refused by the host": {400, func(_ *site, cfg *allauth.Config, failing *atomic.Bool) {
				cfg.Account.BeforeSignup = func(context.Context, *authn.NewUser) error {
					if failing.Load() {
						return refusal
					}
					return nil
				}
			}, signup, "auth/signup"},
			"a panic of the host": {500, func(_ *site, cfg *allauth.Config, failing *atomic.Bool) {
				cfg.Account.BeforeSignup = func(context.Context, *authn.NewUser) error {
					if failing.Load() {
						panic("not today")
					}
					return nil
				}
			}, signup, "auth/signup"},
			"a session that cannot be stored": {503, func(s *site, _ *allauth.Config, _ *atomic.Bool) {
				s.store.Break(writesOfSessions)
			}, signup, "auth/signup"},
			"a session that cannot be stored once the account is": {503, func(s *site, cfg *allauth.Config, _ *atomic.Bool) {
				cfg.BeforeLogin = func(context.Context, *authn.User, []authn.Method) error { return nil }
				s.store.Break(writesOfSessions)
			}, signup, "auth/login"},
			"an address that the host replaces": {401, func(_ *site, cfg *allauth.Config, failing *atomic.Bool) {
				cfg.Account.BeforeSignup = func(_ context.Context, u *authn.NewUser) error {
					if failing.Load() {
						u.Email = "bob@example.org"
					}
					return nil
				}
			}, signup, "auth/signup"},
		} {
			t.Run(by.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				var failing atomic.Bool
				failing.Store(true)
				s := startSite(t, storage.Parts{}, func(s *site, cfg *allauth.Config) {
					by.edit(cfg)
					if fails.edit != nil {
						fails.edit(s, cfg, &failing)
					}
				})
				s.OwnProblems = []string{refusal.Code}
				s.Client(app).Post("auth/signup", fails.form).Status(fails.status)
				sent := s.takeMessages()
				if counted := s.verifications(); counted != len(sent) {
					t.Errorf("%d mails count, sent %v", counted, sent)
				}
				if counted := s.charges()["signup:ip:60"]; counted != 1 {
					t.Errorf("%d sign-ups count", counted)
				}
				failing.Store(false)
				s.store.Mend()
				s.Client(app).Post(fails.again, signup).Status(401).Pending("verify_email")
				if mails := s.takeMessages(); len(mails) != 1 || !strings.HasPrefix(mails[0], "account/email_confirmation") {
					t.Errorf("afterwards sent %v", mails)
				}
			})
		}
	}
}

// A login that the host refuses does not make a sign-up mail again: the mail was
// sent.
func TestSignUpsThatTheHostRefusesMailOnce(t *testing.T) {
	t.Parallel()
	refusal := &authn.Error{Code: "not_approved", Message: "We will look at your account."}
	s := startSite(t, storage.Parts{}, func(_ *site, cfg *allauth.Config) {
		cfg.Account.EmailVerification, cfg.Account.Enumeration = authn.VerificationOptional, account.PreventEnumerationStrictly
		cfg.BeforeLogin = func(context.Context, *authn.User, []authn.Method) error { return refusal }
	})
	s.OwnProblems = []string{refusal.Code}
	for range 3 {
		s.Client(app).Post("auth/signup", body{"email": "ann@example.org", "password": password}).Problems(refusal.Code)
	}
	if sent := s.takeMessages(); !slices.Equal(sent, []string{"account/email_confirmation_signup"}) {
		t.Errorf("sent %v", sent)
	}
	s.Clock.Advance(clienttest.NextLink)
	s.Client(app).Post("auth/signup", body{"email": "ann@example.org", "password": password}).Problems(refusal.Code)
	if sent := s.takeMessages(); len(sent) != 1 {
		t.Errorf("later sent %v", sent)
	}
}

// Repeated sign-ups with one address: those by link mail once, those by code
// wait.
func TestSignUpsWithOneAddress(t *testing.T) {
	t.Parallel()
	form := body{"email": "ann@example.org", "password": password}
	t.Run("link", func(t *testing.T) {
		t.Parallel()
		s := startSite(t, storage.Parts{})
		for range 3 {
			s.Client(app).Post("auth/signup", form).Status(401).Pending("verify_email")
		}
		if sent := s.takeMessages(); len(sent) != 1 || s.verifications() != 1 {
			t.Errorf("sent %v, %d mails count", sent, s.verifications())
		}
	})
	t.Run("code", func(t *testing.T) {
		t.Parallel()
		s := startSite(t, storage.Parts{}, func(_ *site, cfg *allauth.Config) {
			cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
		})
		s.Client(app).Post("auth/signup", form).Status(401).Pending("verify_email")
		for range 2 {
			s.Client(app).Post("auth/signup", form).Status(429)
		}
		if sent := s.takeMessages(); len(sent) != 1 {
			t.Errorf("sent %v", sent)
		}
		if counted := s.charges()["signup:ip:60"]; counted != 3 {
			t.Errorf("%d sign-ups count", counted)
		}
	})
}
