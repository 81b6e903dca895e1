package account_test

import (
	"context"
	"sync/atomic"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// countEvents counts the events of one type.
func countEvents[T authn.Event](n *atomic.Int64) func(ctx context.Context, e authn.Event) {
	return func(_ context.Context, e authn.Event) {
		if _, ok := e.(T); ok {
			n.Add(1)
		}
	}
}

// limited turns the rate limits on.
func limited(cfg *allauth.Config) { cfg.DisableRateLimits = false }

// withCodes turns on every kind of one-time code.
func withCodes(cfg *allauth.Config) {
	again := account.CodeConfig{Resends: 2, Changes: 2}
	cfg.Account.EmailVerificationByCode = &again
	cfg.Account.PasswordResetByCode = &account.CodeConfig{}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: again}
}

// withPhone turns on sign-up and login by telephone number.
func withPhone(cfg *allauth.Config) {
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByPhone, account.LoginByEmail}
	cfg.Account.SignupFields = []string{"phone*", "email", "password1*"}
	cfg.Account.EmailVerification = account.VerificationOptional
	cfg.Account.Phone = &account.PhoneConfig{CodeConfig: account.CodeConfig{Resends: 2, Changes: 2}}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: account.CodeConfig{Resends: 2}}
}
