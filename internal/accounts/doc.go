// Package accounts implements the flows of package account: sign-up, login by password
// and by code, verification of email addresses and phone numbers, and password reset.
package accounts
