// Package accounts holds the flows of package account: sign-up, login by password
// and by code, verification of email addresses and phone numbers, and reset.
package accounts
