// Package social holds the flows of package socialaccount: logins and sign-ups by
// way of a provider, and the accounts that users connect.
package social
