package storetest

import (
	"slices"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/users"
)

// Option says which part of the contract does not apply to a store.
type Option func(*options)

type options struct{ elsewhere []string }

// Elsewhere names the parts of a composed store, "Sessions" or "Challenges", that
// are kept in another store: outside of the transactions, and with rows that
// expire without Clean.
func Elsewhere(parts ...string) Option {
	return func(o *options) { o.elsewhere = append(o.elsewhere, parts...) }
}

func (o options) here(part string) bool { return !slices.Contains(o.elsewhere, part) }

func read(list []Option) options {
	var o options
	for _, option := range list {
		option(&o)
	}
	return o
}

// Run checks a whole store. open is called for every test, and should return an
// empty store.
func Run(t *testing.T, open func(t *testing.T) storage.Store, options ...Option) {
	t.Helper()
	for _, p := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"Users", func(t *testing.T) {
			Users(t, part(open, func(s storage.Store) authn.UserStore { return s }))
		}},
		{"Sessions", func(t *testing.T) {
			Sessions(t, part(open, func(s storage.Store) sessions.Store { return s }))
		}},
		{"RefreshTokens", func(t *testing.T) {
			RefreshTokens(t, part(open, func(s storage.Store) token.Store { return s }))
		}},
		{"Challenges", func(t *testing.T) {
			Challenges(t, part(open, func(s storage.Store) authn.ChallengeStore { return s }))
		}},
		{"Emails", func(t *testing.T) {
			Emails(t, part(open, func(s storage.Store) account.EmailStore { return s }))
		}},
		{"Passwords", func(t *testing.T) {
			Passwords(t, part(open, func(s storage.Store) account.PasswordStore { return s }))
		}},
		{"Usernames", func(t *testing.T) {
			Usernames(t, part(open, func(s storage.Store) account.UsernameStore { return s }))
		}},
		{"Phones", func(t *testing.T) {
			Phones(t, part(open, func(s storage.Store) account.PhoneStore { return s }))
		}},
		{"SocialAccounts", func(t *testing.T) {
			SocialAccounts(t, part(open, func(s storage.Store) socialaccount.Store { return s }))
		}},
		{"Authenticators", func(t *testing.T) {
			Authenticators(t, part(open, func(s storage.Store) mfa.Store { return s }))
		}},
		{"Outbox", func(t *testing.T) {
			Outbox(t, part(open, func(s storage.Store) notify.Store { return s }))
		}},
		{"Audit", func(t *testing.T) {
			Audit(t, part(open, func(s storage.Store) audit.Store { return s }))
		}},
		{"RateLimits", func(t *testing.T) {
			RateLimits(t, part(open, func(s storage.Store) ratelimit.Store { return s }))
		}},
		{"Deletions", func(t *testing.T) {
			Deletions(t, part(open, func(s storage.Store) users.DeletionStore { return s }))
		}},
		{"Directory", func(t *testing.T) { Directory(t, open) }},
		{"Profiles", func(t *testing.T) { Profiles(t, open) }},
		{"Transactions", func(t *testing.T) { Transactions(t, open, options...) }},
		{"Keeper", func(t *testing.T) { Keeper(t, open, options...) }},
	} {
		t.Run(p.name, p.run)
	}
}
