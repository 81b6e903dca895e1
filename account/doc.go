// Package account is the room of accounts: sign-up, login by password or code,
// e-mail addresses and telephone numbers and their verification, passwords and
// their reset.
//
//	allauth.Config{
//		Account: account.Config{
//			LoginMethods:            []account.LoginMethod{account.LoginByEmail, account.LoginByUsername},
//			SignupFields:            []string{"email*", "username*", "password1*"},
//			EmailVerificationByCode: &account.CodeConfig{Resends: 2},
//		},
//	}
//
// Every flow is a method of [Service] that takes the session it happens in; the
// HTTP layer only decodes and encodes.
package account
