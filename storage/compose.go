package storage

import (
	"context"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
)

// WithUsers returns a Store that keeps users in the host's own table and
// everything else in base. If users joins base's transactions (see
// sqlstore.Conn), a sign-up writes the host's row and ours or neither. So do
// the parts of the functions below.
//
// ForgetUser leaves the rows of a part that is kept elsewhere, unless the part
// is a [UserForgetter].
func WithUsers(base Store, users authn.UserStore) Store {
	c := compose(base, users)
	c.UserStore = users
	return c
}

// WithPasswords returns a Store that keeps password hashes elsewhere, for
// example in the host's own table, and everything else in base.
func WithPasswords(base Store, passwords account.PasswordStore) Store {
	c := compose(base, passwords)
	c.PasswordStore = passwords
	return c
}

// WithEmails returns a Store that keeps e-mail addresses elsewhere.
func WithEmails(base Store, emails account.EmailStore) Store {
	c := compose(base, emails)
	c.EmailStore = emails
	return c
}

// WithUsernames returns a Store that keeps usernames elsewhere.
func WithUsernames(base Store, usernames account.UsernameStore) Store {
	c := compose(base, usernames)
	c.UsernameStore = usernames
	return c
}

// WithPhones returns a Store that keeps telephone numbers elsewhere.
func WithPhones(base Store, phones account.PhoneStore) Store {
	c := compose(base, phones)
	c.PhoneStore = phones
	return c
}

// WithAuthenticators returns a Store that keeps second factors and passkeys
// elsewhere.
func WithAuthenticators(base Store, authenticators mfa.Store) Store {
	c := compose(base, authenticators)
	c.authenticatorStore = authenticators
	return c
}

// WithSocialAccounts returns a Store that keeps accounts at providers
// elsewhere.
func WithSocialAccounts(base Store, accounts socialaccount.Store) Store {
	c := compose(base, accounts)
	c.socialStore = accounts
	return c
}

// WithOutbox returns a Store that keeps the messages that wait elsewhere. They
// belong into base's transactions: a mail that is stored although the rest is
// not leads nowhere, and one that is lost is not sent.
func WithOutbox(base Store, outbox notify.Store) Store {
	c := compose(base, outbox)
	c.outboxStore = outbox
	return c
}

// WithRefreshTokens returns a Store that keeps refresh tokens elsewhere. Clean
// does not reach them.
func WithRefreshTokens(base Store, tokens token.Store) Store {
	c := compose(base, tokens)
	c.tokenStore = tokens
	return c
}

// WithSessions returns a Store that keeps session rows in another store, for
// example in Redis, and everything else in base. The rows are then outside of
// base's transactions, and whatever keeps them lets them expire: Clean does not
// reach them. ForgetUser does.
func WithSessions(base Store, rows sessions.Store) Store {
	c := compose(base, sessionForgetter{rows})
	c.sessionStore = rows
	return c
}

// WithChallenges returns a Store that keeps challenges in another store, for
// example in Redis, and everything else in base. They are then outside of
// base's transactions: a flow consumes its challenge first, so where the rest
// fails the secret is used up, and never works twice. Clean does not reach
// them; where ForgetUser does not either, they are left to expire.
func WithChallenges(base Store, challenges authn.ChallengeStore) Store {
	c := compose(base, challenges)
	c.ChallengeStore = challenges
	return c
}

// UserForgetter is implemented by parts that can delete all rows of a user.
type UserForgetter interface {
	// ForgetUser deletes every row of the user; none is not an error.
	ForgetUser(ctx context.Context, userID string) error
}

// RateLimits returns what counts attempts among the parts that a store is
// composed of, nil if there is nothing.
func RateLimits(s Store) ratelimit.Store {
	if c, ok := s.(*composed); ok {
		return c.counters
	}
	counters, _ := s.(ratelimit.Store)
	return counters
}

// Names for the parts that are called Store in their packages, of which a
// struct can embed one only.
type (
	authenticatorStore = mfa.Store
	outboxStore        = notify.Store
	sessionStore       = sessions.Store
	socialStore        = socialaccount.Store
	tokenStore         = token.Store
)

// composed is a store whose parts come from several.
type composed struct {
	authn.UserStore
	authn.Transactor
	authn.ChallengeStore
	account.EmailStore
	account.PasswordStore
	account.UsernameStore
	account.PhoneStore
	authenticatorStore
	outboxStore
	sessionStore
	socialStore
	tokenStore
	Keeper
	counters ratelimit.Store
}

// compose returns base as its parts, of which one is about to be replaced.
func compose(base Store, part any) *composed {
	c := &composed{base, base, base, base, base, base, base, base, base, base, base, base, base, RateLimits(base)}
	if forgetter, ok := part.(UserForgetter); ok {
		c.Keeper = forgettingPart{base, forgetter}
	}
	return c
}

// forgettingPart is a store that forgets users in a part that is kept
// elsewhere, too.
type forgettingPart struct {
	Store
	part UserForgetter
}

func (s forgettingPart) ForgetUser(ctx context.Context, userID string) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.part.ForgetUser(ctx, userID); err != nil {
			return err
		}
		return s.Store.ForgetUser(ctx, userID)
	})
}

// sessionForgetter makes a UserForgetter of any store of sessions.
type sessionForgetter struct{ rows sessions.Store }

func (f sessionForgetter) ForgetUser(ctx context.Context, userID string) error {
	if userID == "" {
		return ctx.Err() // rows of nobody belong to no user
	}
	return f.rows.DeleteUserSessions(ctx, userID, "")
}
