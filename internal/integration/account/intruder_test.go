package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

const number, othersNumber = "+31201234567", "+31207654321"

// An attacker signs up with the victim's address and a number of their own, which
// they verify. The victim gets a new account, and nothing of the attacker's.
func TestAnAddressDoesNotSpeakForAnIntrudersAccount(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone, func(cfg *allauth.Config) { cfg.Account.SignupFields = []string{"phone", "email", "password1*"} })
	attacker := s.Client(clienttest.App)
	attacker.Post("auth/signup", body{"phone": number, "email": "victim@example.org", "password": password}).Status(401)
	attacker.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).Status(200)
	s.Mail("victim@example.org")
	s.Clock.Advance(4 * time.Minute)

	victim := s.Client(clienttest.App)
	victim.Post("auth/password/request", body{"email": "victim@example.org"}).Status(200)
	s.MailOf("account/unknown_account", "victim@example.org")
	victim.Post("auth/code/request", body{"email": "victim@example.org"}).Status(401)
	s.MailOf("account/unknown_account", "victim@example.org")
	victim.Post("auth/code/confirm", body{"code": "BBBB-BBBB"}).Problems("code:incorrect_code")
	victim.Post("auth/signup", body{"email": "victim@example.org", "password": "Victims-own-horse-1"}).LoggedIn("victim@example.org")
	victim.Post("auth/email/verify", body{"key": s.MailOf("account/email_confirmation_signup", "victim@example.org").Key()}).Status(200)
	if text := victim.Get("account/phone").Status(200).Text; strings.Contains(text, number) {
		t.Errorf("the victim has the intruder's number: %s", text)
	}
}

// A user who recovered an account that must have a number logs in and adds one.
func TestRecoveryWithoutTheIntrudersNumberIsNoDeadEnd(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone, func(cfg *allauth.Config) { cfg.Account.SignupFields = []string{"phone*", "email", "password1*"} })
	s.Client(clienttest.App).Post("auth/signup", body{"phone": othersNumber, "email": "victim@example.org", "password": password}).Status(401)
	victim := s.Client(clienttest.App)
	reset(t, s, victim, "victim@example.org", "Victims-own-horse-1")
	victim.Post("auth/login", body{"email": "victim@example.org", "password": "Victims-own-horse-1"}).LoggedIn("victim@example.org")
	victim.Post("account/phone", body{"phone": number}).Status(202)
	victim.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).LoggedIn("victim@example.org")
}

// An attacker signs up with the victim's number, and their own address and
// password. The victim logs in with a code to the number.
func TestRecoveryByTextThrowsAnIntruderOut(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	attacker := s.Client(clienttest.App)
	attacker.Post("auth/signup", body{"phone": number, "email": "attacker@example.org", "password": password}).Status(401).Pending("verify_phone")
	s.Text(number)
	victim := s.Client(clienttest.App)
	victim.Post("auth/code/request", body{"phone": number}).Status(401)
	victim.Post("auth/code/confirm", body{"code": s.Text(number).Code()}).Status(200)

	s.Client(clienttest.App).Post("auth/login", body{"phone": number, "password": password}).Problems("password:phone_password_mismatch")
	s.Client(clienttest.App).Post("auth/login", body{"email": "attacker@example.org", "password": password}).Problems("password:email_password_mismatch")
}

// The mail about a reset does not tell the user who created the account when and
// from where its owner recovered it.
func TestARecoveryIsToldToTheOwnerOnly(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.EmailVerification = authn.VerificationOptional })
	attacker := s.Client(clienttest.App)
	attacker.Post("auth/signup", body{"email": "attacker@example.org", "password": password}).Status(200)
	s.Mail("attacker@example.org")
	attacker.Post("auth/reauthenticate", body{"password": password}).Status(200)
	attacker.Post("account/email", body{"email": "victim@example.org"}).Status(200)

	victim := s.Client(clienttest.App)
	reset(t, s, victim, "victim@example.org", "Victims-own-horse-1")
	s.MailOf("account/password_reset", "victim@example.org")
	if kinds := s.Mails("attacker@example.org"); kinds != nil {
		t.Errorf("the attacker got %v", kinds)
	}
}

// The user removes an address or number from the account, as it was lost or taken
// over, while a code or link for it is under way.
func TestWhatWasTakenOffTheAccountOpensItNoMore(t *testing.T) {
	t.Parallel()
	t.Run("a code to an address", func(t *testing.T) {
		t.Parallel()
		s := clienttest.Start(t, func(cfg *allauth.Config) {
			cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
			cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail}
			cfg.Account.SignupFields = []string{"username*", "email", "password1*"}
			cfg.Account.EmailVerification = authn.VerificationOptional
		})
		owner := s.Client(clienttest.App)
		owner.Post("auth/signup", body{"username": "ann", "email": "lost@example.org", "password": password}).Status(200)
		finder := s.Client(clienttest.App)
		finder.Post("auth/code/request", body{"email": "lost@example.org"}).Status(401).Pending("login_by_code")
		code := s.MailOf("account/login_code", "lost@example.org").Code()
		owner.Post("auth/reauthenticate", body{"password": password}).Status(200)
		owner.Delete("account/email", body{"email": "lost@example.org"}).Status(200)
		finder.Post("auth/code/confirm", body{"code": code}).Status(409)
		finder.Get("auth/session").Status(401).Pending()
		owner.Get("auth/session").Status(200)
	})
	t.Run("a code to a number", func(t *testing.T) {
		t.Parallel()
		s := clienttest.Start(t, withPhone)
		owner := s.Client(clienttest.App)
		owner.Post("auth/signup", body{"phone": number, "email": "ann@example.org", "password": password}).Status(401)
		owner.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).Status(200)
		finder := s.Client(clienttest.App)
		finder.Post("auth/code/request", body{"phone": number}).Status(401).Pending("login_by_code")
		code := s.Text(number).Code()
		owner.Post("auth/reauthenticate", body{"password": password}).Status(200)
		owner.Post("account/phone", body{"phone": othersNumber}).Status(202)
		owner.Post("auth/phone/verify", body{"code": s.Text(othersNumber).Code()}).Status(200)
		finder.Post("auth/code/confirm", body{"code": code}).Status(409)
		finder.Get("auth/session").Status(401).Pending()
		owner.Get("auth/session").LoggedIn("ann@example.org")
	})
	t.Run("a code after the password", func(t *testing.T) {
		t.Parallel()
		s := clienttest.Start(t, withCodes, func(cfg *allauth.Config) {
			cfg.Account.ChangeEmail = true
			cfg.Account.LoginByCode.RequiredFor = []string{"password"}
		})
		owner := s.Client(clienttest.App)
		owner.Post("auth/signup", body{"email": "lost@example.org", "password": password}).Status(401)
		owner.Post("auth/code/confirm", body{"code": s.Mail("lost@example.org").Code()}).Status(200)
		finder := s.Client(clienttest.App)
		finder.Post("auth/login", body{"email": "lost@example.org", "password": password}).Status(401).Pending("login_by_code")
		code := s.Mail("lost@example.org").Code()
		owner.Post("account/email", body{"email": "new@example.org"}).Status(200)
		owner.Post("auth/email/verify", body{"key": s.Mail("new@example.org").Code()}).LoggedIn("new@example.org")
		finder.Post("auth/code/confirm", body{"code": code}).Status(409)
		if text := owner.Get("account/email").Status(200).Text; strings.Contains(text, "lost@example.org") {
			t.Errorf("the address is back: %s", text)
		}
	})
	t.Run("a link", func(t *testing.T) {
		t.Parallel()
		s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.Account.ChangeEmail = true })
		owner := s.SignUp(clienttest.App, "lost@example.org")
		owner.Post("account/email", body{"email": "new@example.org"}).Status(200)
		finder := s.Client(clienttest.App)
		finder.Post("auth/password/request", body{"email": "lost@example.org"}).Status(200)
		key := s.MailOf("account/password_reset_key", "lost@example.org").Key()
		owner.Post("auth/email/verify", body{"key": s.MailOf("account/email_confirmation", "new@example.org").Key()}).LoggedIn("new@example.org")
		finder.Post("auth/password/reset", body{"key": key, "password": "Another-1-horse"}).Problems("key:invalid_password_reset")
		owner.Get("auth/session").LoggedIn("new@example.org")
	})
	t.Run("a code in place of a link", func(t *testing.T) {
		t.Parallel()
		s := clienttest.Start(t, withCodes, func(cfg *allauth.Config) { cfg.Account.ChangeEmail = true })
		owner := s.SignUp(clienttest.App, "lost@example.org")
		finder := s.Client(clienttest.App)
		finder.Post("auth/password/request", body{"email": "lost@example.org"}).Status(401).Pending("password_reset_by_code")
		code := s.Mail("lost@example.org").Code()
		owner.Post("auth/reauthenticate", body{"password": password}).Status(200)
		owner.Post("account/email", body{"email": "new@example.org"}).Status(200)
		owner.Post("auth/email/verify", body{"key": s.Mail("new@example.org").Code()}).LoggedIn("new@example.org")
		finder.Post("auth/password/reset", body{"key": code, "password": "Another-1-horse"}).Status(409)
		finder.Get("auth/session").Status(401).Pending()
		owner.Get("auth/session").LoggedIn("new@example.org")
	})
}
