package account_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage/memstore"
)

// An attacker signs up with the victim's address and verifies a second one of
// their own. The account is the attacker's, and the unverified address does not
// identify it: the victim can sign up with it, and the attacker's account does
// not get it.
func TestAPreparedAccountIsNotInherited(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.EmailVerification = authn.VerificationOptional })
	attacker := s.Client(clienttest.App)
	attacker.Post("auth/signup", body{"email": "victim@example.org", "password": password}).Status(200)
	s.Mail("victim@example.org")
	attacker.Post("auth/reauthenticate", body{"password": password}).Status(200)
	attacker.Post("account/email", body{"email": "attacker@example.org"}).Status(200)
	attacker.Post("auth/email/verify", body{"key": s.Mail("attacker@example.org").Key()}).Status(200)

	victim := s.Client(clienttest.App)
	victim.Post("auth/password/request", body{"email": "victim@example.org"}).Status(200)
	s.MailOf("account/unknown_account", "victim@example.org")
	s.Clock.Advance(4 * time.Minute)
	victim.Post("auth/signup", body{"email": "victim@example.org", "password": "Victims-own-horse-1"}).LoggedIn("victim@example.org")
	victim.Post("auth/email/verify", body{"key": s.MailOf("account/email_confirmation_signup", "victim@example.org").Key()}).Status(200)

	attacker.Put("account/email", body{"email": "victim@example.org"})
	s.Client(clienttest.App).Post("auth/login", body{"email": "victim@example.org", "password": password}).Problems("password:email_password_mismatch")
	s.Client(clienttest.App).Post("auth/login", body{"email": "attacker@example.org", "password": password}).Status(200)
}

// In an account without a password, no password change would end the sessions of
// the attacker who created it.
func TestRecoveryEndsTheSessionsOfAnAccountWithoutAPassword(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationOptional
		cfg.Account.SignupFields = []string{"email*"}
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	})
	attacker := s.Client(clienttest.App)
	attacker.Post("auth/signup", body{"email": "victim@example.org"}).LoggedIn("victim@example.org")
	victim := s.Client(clienttest.App)
	victim.Post("auth/code/request", body{"email": "victim@example.org"}).Status(401)
	victim.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", "victim@example.org").Code()}).LoggedIn("victim@example.org")
	attacker.Get("auth/session").Status(410)
	victim.Get("auth/session").LoggedIn("victim@example.org")
}

// A change of address that an attacker began does not survive a reset by the
// owner.
func TestAResetVoidsPendingVerifications(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.ChangeEmail = true })
	s.SignUp(clienttest.App, "victim@example.org")
	attacker := s.LogIn(clienttest.App, "victim@example.org")
	attacker.Post("account/email", body{"email": "attacker@example.org"}).Status(200)
	key := s.Mail("attacker@example.org").Key()

	victim := s.Client(clienttest.App)
	victim.Post("auth/password/request", body{"email": "victim@example.org"}).Status(200)
	victim.Post("auth/password/reset", body{"key": s.Mail("victim@example.org").Key(), "password": "Victims-own-horse-1"}).Status(401)
	s.Client(clienttest.App).Post("auth/email/verify", body{"key": key}).Problems("key:invalid_or_expired_key")
}

// A login that waits for its second step, begun with the old password, ends when
// the owner changes the password.
func TestANewPasswordEndsPendingLogins(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}}
	})
	owner := s.Client(clienttest.App)
	owner.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401)
	owner.Post("auth/email/verify", body{"key": s.Mail("ann@example.org").Key()})
	owner.Post("auth/login", body{"email": "ann@example.org", "password": password}).Status(401).Pending("login_by_code")
	owner.Post("auth/code/confirm", body{"code": s.Mail("ann@example.org").Code()}).LoggedIn("ann@example.org")
	attacker := s.Client(clienttest.App)
	attacker.Post("auth/login", body{"email": "ann@example.org", "password": password}).Status(401).Pending("login_by_code")
	code := s.Mail("ann@example.org").Code()

	owner.Post("account/password/change", body{"current_password": password, "new_password": "Another-1-horse"}).Status(200)
	attacker.Post("auth/code/confirm", body{"code": code})
	attacker.Get("auth/session").Status(401).Pending()
}

func TestFailedLoginsAreLimitedPerAccountAndClearedByAReset(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	for range 5 {
		c.Post("auth/login", body{"email": "Ann@Example.org", "password": "wrong-wrong-1"}).Problems("password:email_password_mismatch")
	}
	c.Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("too_many_login_attempts")
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	c.Post("auth/password/reset", body{"key": s.Mail("ann@example.org").Key(), "password": "Another-1-horse"}).Status(401)
	c.Post("auth/login", body{"email": "ann@example.org", "password": "Another-1-horse"}).LoggedIn("ann@example.org")
}

// An identifier in other letters is the same account, and has the same attempts.
func TestSpellingsOfAUsernameShareTheirAttempts(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.DisableRateLimits = false
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername}
		cfg.Account.SignupFields = []string{"username*", "password1*"}
		cfg.Account.EmailVerification = authn.VerificationNone
	})
	s.Client(clienttest.App).Post("auth/signup", body{"username": "annabel", "password": password}).Status(200)
	c := s.Client(clienttest.App)
	for _, spelling := range []string{"annabel", "ANNABEL", "ａnnabel", "aｎnabel", "annabeｌ"} {
		c.Post("auth/login", body{"username": spelling, "password": "wrong-wrong-1"}).Problems("password:username_password_mismatch")
	}
	c.Post("auth/login", body{"username": "annａbel", "password": password}).Problems("too_many_login_attempts")
}

// A taken address gets no more mails than one that waits for its verification.
func TestSignUpsDoNotFloodATakenAddress(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	s.Clock.Advance(10 * time.Minute)
	before := len(s.AllMails())
	for range 10 {
		s.Client(clienttest.App).Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401).Pending("verify_email")
	}
	s.Mail("ann@example.org")
	if sent := len(s.AllMails()) - before; sent > 1 {
		t.Errorf("%d mails went to a taken address", sent)
	}
}

func TestLimitsSayWhenToComeBack(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.DisableRateLimits = false
		cfg.RateLimits = map[string]string{"signup": "2/m/ip"}
	})
	c := s.Client(clienttest.App)
	for range 2 {
		c.Post("auth/signup", "{}").Status(400)
	}
	limited := c.Post("auth/signup", "{}").Status(429)
	if limited.Header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	s.Clock.Advance(time.Minute)
	c.Post("auth/signup", "{}").Status(400)
}

func TestParallelLoginsDoNotOverrunTheLimit(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.DisableRateLimits = false
		cfg.RateLimits = map[string]string{"login": "", "login_failed": "5/5m/key"}
	})
	compared := winners(400, newClients(s), func(c *clienttest.Client) *clienttest.Answer {
		answer := c.Post("auth/login", body{"email": "ann@example.org", "password": "wrong-wrong-1"})
		if errors, ok := answer.JSON["errors"].([]any); !ok || errors[0].(map[string]any)["code"] != "email_password_mismatch" {
			answer.StatusCode = 0
		}
		return answer
	})
	if compared != 5 {
		t.Errorf("%d passwords were compared, want 5", compared)
	}
}

func TestADisabledUserIsOutAtOnce(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store)
	c := s.SignUp(clienttest.App, "ann@example.org")
	id, _ := json.Marshal(c.Get("auth/session").Value("data", "user", "id"))
	if err := s.Auth.Users().Disable(context.Background(), string(id)); err != nil {
		t.Fatal(err)
	}
	c.Get("auth/session").Status(410)
	s.Client(clienttest.App).Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("password:email_password_mismatch")
	s.Client(clienttest.App).Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	if kind := s.Mail("ann@example.org").Kind; kind != "account/unknown_account" {
		t.Errorf("a disabled user got %q", kind)
	}
}

func TestHooksMayVeto(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(all *allauth.Config) {
		cfg := &all.Account
		cfg.EmailVerification = authn.VerificationNone
		cfg.BeforeSignup = func(_ context.Context, u *authn.NewUser) error {
			if u.Email == "evil@example.org" {
				return &authn.Error{Code: "not_welcome", Param: "email", Message: "Not here."}
			}
			return nil
		}
		cfg.SignupForm = func(_ context.Context, input map[string]json.RawMessage) (map[string]json.RawMessage, error) {
			if input["tier"] == nil {
				return nil, authn.Errors{{Code: "required", Param: "tier", Message: "Choose one."}}
			}
			return map[string]json.RawMessage{"tier": input["tier"]}, nil
		}
	}, func(cfg *allauth.Config) {
		cfg.BeforeLogin = func(_ context.Context, u *authn.User, _ []authn.Method) error {
			if string(u.Extra["tier"]) == `"suspended"` {
				return &authn.Error{Code: "suspended", Message: "Your account is suspended."}
			}
			return nil
		}
	})
	s.OwnProblems = []string{"email:not_welcome", "tier:required", "suspended"}
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": "evil@example.org", "password": password, "tier": "free"}).Problems("email:not_welcome")
	c.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Problems("tier:required")
	c.Post("auth/signup", body{"email": "ann@example.org", "password": password, "tier": "suspended"}).Problems("suspended")
	c.Get("auth/session").Status(401).Pending()
	s.Client(clienttest.App).Post("auth/signup", body{"email": "bob@example.org", "password": password, "tier": "free"}).LoggedIn("bob@example.org")
}

func TestSignUpCanBeClosed(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.SignupClosed = true })
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(403)
	for _, flow := range c.Get("auth/session").Flows() {
		if flow == "signup" {
			t.Error("a closed sign-up is offered")
		}
	}
}
