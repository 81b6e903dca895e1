// Package social implements the flows of package socialaccount: logins and sign-ups
// through a provider, and the provider accounts that users connect.
package social
