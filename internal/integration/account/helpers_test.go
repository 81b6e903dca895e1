package account_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// countEvents counts the events of one type.
func countEvents[T authn.EventDetails](n *atomic.Int64) func(ctx context.Context, e authn.Event) {
	return func(_ context.Context, e authn.Event) {
		if _, ok := e.Details.(T); ok {
			n.Add(1)
		}
	}
}

// failLogins tries a wrong password n times; each response says that it is wrong.
// field is the identifier, such as "email".
func failLogins(t *testing.T, c *clienttest.Client, field, name string, n int) {
	t.Helper()
	for range n {
		c.Post("auth/login", body{field: name, "password": "wrong-wrong-1"}).Problems("password:" + field + "_password_mismatch")
	}
}

// reset replaces the password with the link that is mailed to the address.
func reset(t *testing.T, s *clienttest.Server, c *clienttest.Client, email, replacement string) {
	t.Helper()
	c.Post("auth/password/request", body{"email": email}).Status(200)
	key := s.MailOf("account/password_reset_key", email).Key()
	c.Post("auth/password/reset", body{"key": key, "password": replacement}).Status(401)
}

// withCodes turns on all kinds of one-time codes.
func withCodes(cfg *allauth.Config) {
	again := account.CodeConfig{Resends: 2, Changes: 2}
	cfg.Account.EmailVerificationByCode = &again
	cfg.Account.PasswordResetByCode = &account.CodeConfig{}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: again}
}

// withPhone turns on sign-up and login with phone numbers.
func withPhone(cfg *allauth.Config) {
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByPhone, account.LoginByEmail}
	cfg.Account.SignupFields = []string{"phone*", "email", "password1*"}
	cfg.Account.EmailVerification = authn.VerificationOptional
	cfg.Account.Phone = &account.PhoneConfig{CodeConfig: account.CodeConfig{Resends: 2, Changes: 2}}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: account.CodeConfig{Resends: 2}}
}
