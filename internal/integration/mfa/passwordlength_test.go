package mfa_test

import (
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// A user with a second factor may change the password to a shorter one. A reset
// does not allow it, as it must not tell whether there is one.
func TestAShorterPasswordNextToASecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) { cfg.Account.Password.SingleFactorMinLength = 15 })
	const short = "xevqn-77-otter"
	eve := s.SignUp(clienttest.App, "eve@example.org")
	change := body{"current_password": password, "new_password": short}
	eve.Post("account/password/change", change).Problems("new_password:password_too_short")
	c, _ := withApp(t, s, clienttest.App, ann)
	c.Post("account/password/change", body{"current_password": password, "new_password": "xevqn77"}).Problems("new_password:password_too_short")
	c.Post("account/password/change", change).LoggedIn(ann)
	s.Client(clienttest.App).Post("auth/password/request", body{"email": ann}).Status(200)
	key := s.MailOf("account/password_reset_key", ann).Key()
	s.Client(clienttest.App).Post("auth/password/reset", body{"key": key, "password": short}).Problems("password:password_too_short")
}
