package account_test

import (
	"slices"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
)

// Collisions of transactions do not affect users: codes work, and each message is
// sent once.
func TestCollisionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store, withPhone, withCodes, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationMandatory
		cfg.Account.SignupFields = []string{"phone", "email*", "password1*"}
	})
	store.Collide()
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": "ann@example.org", "phone": "+31201234567", "password": password}).Status(401).Pending("verify_phone")
	first := s.Text("+31201234567").Code()
	s.Clock.Advance(clienttest.NextText)
	c.Post("auth/phone/verify/resend", nil).Status(200)
	c.Post("auth/phone/verify", body{"code": first}).Problems("code:incorrect_code")
	c.Post("account/phone", body{"phone": "+31201234568"}).Status(202)
	c.Post("auth/phone/verify", body{"code": s.Text("+31201234568").Code()}).Status(401).Pending("verify_email")
	s.Mail("ann@example.org")
	s.Clock.Advance(clienttest.NextCode)
	c.Post("auth/email/verify/resend", nil).Status(200)
	s.Mail("ann@example.org")
	c.Post("account/email", body{"email": "anna@example.org"}).Status(200)
	c.Post("auth/email/verify", body{"key": s.Mail("anna@example.org").Code()}).LoggedIn("anna@example.org")

	c.Post("auth/reauthenticate", body{"password": password}).Status(200)
	c.Post("account/email", body{"email": "second@example.org"}).Status(200)
	c.Post("auth/email/verify", body{"key": s.Mail("second@example.org").Code()}).Status(200)
	c.Patch("account/email", body{"email": "second@example.org", "primary": true}).Status(200)
	c.Delete("account/email", body{"email": "anna@example.org"}).Status(200)

	c = s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": "second@example.org"}).Status(401).Pending("login_by_code")
	s.MailOf("account/login_code", "second@example.org")
	c.Post("auth/code/resend", nil).Status(200)
	c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", "second@example.org").Code()}).LoggedIn("second@example.org")

	c = s.Client(clienttest.App)
	c.Post("auth/password/request", body{"email": "second@example.org"}).Status(401)
	code := s.MailOf("account/password_reset_code", "second@example.org").Code()
	c.Post("auth/password/reset", body{"key": code, "password": "Another-1-horse"}).Status(401)
	c.Post("auth/login", body{"email": "second@example.org", "password": "Another-1-horse"}).LoggedIn("second@example.org")

	if texts := s.AllTexts(); len(texts) != 1 { // the second code of the first number
		t.Errorf("%d texts are left", len(texts))
	}
	if left := s.Mails("second@example.org"); slices.Contains(left, "account/login_code") {
		t.Errorf("mails came twice: %v", left)
	}
	if store.Collisions() < 20 {
		t.Errorf("only %d kinds of writes collided", store.Collisions())
	}
}
