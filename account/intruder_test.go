package account_test

import (
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
)

const number, othersNumber = "+31201234567", "+31207654321"

// Somebody signs up with a number of their own and the victim's address. The
// victim, who recovers the account, must not share it.
func TestRecoveryByMailThrowsAnIntrudersNumberOut(t *testing.T) {
	t.Parallel()
	for name, recover := range map[string]func(t *testing.T, s *clienttest.Server){
		"reset": func(t *testing.T, s *clienttest.Server) {
			reset(t, s, s.Client(clienttest.App), "victim@example.org", "Victims-own-horse-1")
		},
		"code": func(_ *testing.T, s *clienttest.Server) {
			victim := s.Client(clienttest.App)
			victim.Post("auth/code/request", body{"email": "victim@example.org"}).Status(401)
			victim.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", "victim@example.org").Code()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, withPhone, func(cfg *allauth.Config) { cfg.Account.SignupFields = []string{"phone", "email", "password1*"} })
			attacker := s.Client(clienttest.App)
			attacker.Post("auth/signup", body{"phone": number, "email": "victim@example.org", "password": password}).Status(401)
			attacker.Post("auth/phone/verify", body{"code": s.Text(number).Code()}).Status(200)
			recover(t, s)
			attacker.Get("auth/session").Status(410)
			again := s.Client(clienttest.App)
			again.Post("auth/code/request", body{"phone": number}).Status(401)
			if text := s.Text(number); text.Kind != "unknown_account" {
				t.Errorf("the intruder's number got %q", text.Kind)
			}
		})
	}
}

// Who recovered an account that must have a number logs in and adds one.
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

// Somebody signs up with the victim's number, and their own address and
// password. The victim logs in by a code that is sent to the number.
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

// Whoever made the account does not learn, by the mail that tells of the reset,
// when and from where its owner recovered it.
func TestARecoveryIsToldToTheOwnerOnly(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.EmailVerification = account.VerificationOptional })
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
