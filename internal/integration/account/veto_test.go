package account_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// approval is a host that approves users before they can log in.
type approval struct{ given atomic.Bool }

func (a *approval) beforeLogin(context.Context, *authn.User, []authn.Method) error {
	if a.given.Load() {
		return nil
	}
	return &authn.Error{Code: "not_approved", Message: "We will look at your account."}
}

// If a host refuses a login, what the user has done before is kept: the account,
// or the verified address.
func TestAVetoedLoginKeepsWhatLedToIt(t *testing.T) {
	t.Parallel()
	credentials := body{"email": "ann@example.org", "password": password}
	t.Run("sign-up", func(t *testing.T) {
		t.Parallel()
		var host approval
		s := clienttest.Start(t, func(cfg *allauth.Config) {
			cfg.BeforeLogin, cfg.Account.EmailVerification = host.beforeLogin, authn.VerificationOptional
		})
		s.OwnProblems = []string{"not_approved"}
		c := s.Client(clienttest.App)
		c.Post("auth/signup", credentials).Problems("not_approved")
		c.Get("auth/session").Status(401).Pending()
		c.Post("auth/login", credentials).Problems("not_approved")
		host.given.Store(true)
		c.Post("auth/login", credentials).LoggedIn("ann@example.org")
	})
	t.Run("verification by code", func(t *testing.T) {
		t.Parallel()
		var host approval
		s := clienttest.Start(t, withCodes, func(cfg *allauth.Config) { cfg.BeforeLogin = host.beforeLogin })
		s.OwnProblems = []string{"not_approved"}
		c := s.Client(clienttest.App)
		c.Post("auth/signup", credentials).Status(401).Pending("verify_email")
		code := s.Mail("ann@example.org").Code()
		c.Post("auth/email/verify", body{"key": code}).Problems("not_approved")
		c.Get("auth/session").Status(401).Pending()
		host.given.Store(true)
		c.Post("auth/login", credentials).LoggedIn("ann@example.org")
	})
	t.Run("reset that logs in", func(t *testing.T) {
		t.Parallel()
		var host approval
		host.given.Store(true)
		s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.BeforeLogin, cfg.Account.LoginOnPasswordReset = host.beforeLogin, true })
		s.OwnProblems = []string{"not_approved"}
		s.SignUp(clienttest.App, "ann@example.org")
		host.given.Store(false)
		c := s.Client(clienttest.App)
		c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
		key := s.Mail("ann@example.org").Key()
		c.Post("auth/password/reset", body{"key": key, "password": "Another-1-horse"}).Problems("not_approved")
		host.given.Store(true)
		c.Post("auth/login", body{"email": "ann@example.org", "password": "Another-1-horse"}).LoggedIn("ann@example.org")
	})
}
