// Package users holds what the administration of users needs, see
// allauth.Auth.Users: inputs, results, events, and the interfaces of the stores that
// list and change users. It imports only package authn.
package users
