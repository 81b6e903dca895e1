// Package account holds the settings, the stores and the events of accounts: sign-up,
// login by password or code, email addresses and phone numbers with their
// verification, passwords and their reset.
//
//	allauth.Config{
//		Account: account.Config{
//			LoginMethods:            []account.LoginMethod{account.LoginByEmail, account.LoginByUsername},
//			SignupFields:            []string{"email*", "username*", "password1*"},
//			EmailVerificationByCode: &account.CodeConfig{Resends: 2},
//		},
//	}
//
// A host with its own tables of users, addresses or passwords implements the
// store interfaces and passes them to storage.Compose. Package identifier
// converts what users log in with to its stored form.
package account
