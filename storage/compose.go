package storage

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
)

// Parts are the parts of a store that are kept elsewhere: in the host's own
// tables, in Redis, in another store. A part that is nil stays where it is.
//
// A part joins the transactions of the main store if it uses the same database
// (see sqlstore.Conn): a sign-up then writes the host's row and ours, or
// neither. Each field says what changes if it does not.
type Parts struct {
	// Users are the accounts themselves.
	Users authn.UserStore
	// Passwords are the password hashes, Usernames the names, Emails the email
	// addresses and Phones the phone numbers of users.
	Passwords account.PasswordStore
	Usernames account.UsernameStore
	Emails    account.EmailStore
	Phones    account.PhoneStore
	// Authenticators are second factors and passkeys.
	Authenticators mfa.Store
	// SocialAccounts are the accounts of users at providers.
	SocialAccounts socialaccount.Store
	// Sessions are the session rows. Outside of the transactions, a session may
	// be ended although the change that ended it failed.
	Sessions sessions.Store
	// RefreshTokens are the refresh tokens of apps.
	RefreshTokens token.Store
	// Challenges are one-time codes, keys of links and the like. Outside of the
	// transactions, a secret is used up even if what it was used for failed. It
	// never works twice.
	Challenges authn.ChallengeStore
	// RateLimits are the counters of attempts.
	RateLimits ratelimit.Store
	// Outbox are the messages that wait for delivery. They belong into the
	// transactions: otherwise a message may be sent although the change that it
	// tells of failed, or be lost although the change succeeded.
	Outbox notify.Store
}

// Compose returns a Store that keeps the given parts elsewhere and everything
// else in base.
//
// ForgetUser deletes the rows of the user in every part that can list or delete
// them: Sessions, Challenges, Emails, Phones, Authenticators and SocialAccounts.
// Rows in Users, Passwords, Usernames and RefreshTokens that are kept elsewhere
// are the host's to delete. Clean deletes expired rows of base only.
func Compose(base Store, parts Parts) Store {
	c := &composed{
		UserStore: base, Transactor: base, ChallengeStore: base,
		EmailStore: base, PasswordStore: base, UsernameStore: base, PhoneStore: base,
		authenticatorStore: base, limitStore: base, outboxStore: base, sessionStore: base, socialStore: base, tokenStore: base,
		Keeper: forgetter{base, parts}, base: base.Base(), parts: parts,
	}
	if parts.Passwords == nil && parts.Emails == nil && base.ProfileOrigin() == any(base) {
		c.profiles = base
	}
	replace(&c.UserStore, parts.Users)
	replace(&c.PasswordStore, parts.Passwords)
	replace(&c.UsernameStore, parts.Usernames)
	replace(&c.EmailStore, parts.Emails)
	replace(&c.PhoneStore, parts.Phones)
	replace(&c.authenticatorStore, parts.Authenticators)
	replace(&c.socialStore, parts.SocialAccounts)
	replace(&c.sessionStore, parts.Sessions)
	replace(&c.tokenStore, parts.RefreshTokens)
	replace(&c.ChallengeStore, parts.Challenges)
	replace(&c.limitStore, parts.RateLimits)
	replace(&c.outboxStore, parts.Outbox)
	return c
}

// replace stores part in target, unless it is nil.
func replace[T comparable](target *T, part T) {
	var none T
	if part != none {
		*target = part
	}
}

// Names for the parts that are called Store in their packages, of which a
// struct can embed one only.
type (
	authenticatorStore = mfa.Store
	limitStore         = ratelimit.Store
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
	limitStore
	outboxStore
	sessionStore
	socialStore
	tokenStore
	Keeper
	base Store
	// profiles read what is not the host's, nil if that is not in one place.
	profiles account.Store
	// parts are kept elsewhere.
	parts Parts
}

// Base implements Store.
func (c *composed) Base() Store { return c.base }

// ProfileOrigin implements account.Store.
func (c *composed) ProfileOrigin() any {
	if c.profiles == nil {
		return nil
	}
	return c
}

// CreateUser implements authn.UserStore. The host's may return less than is stored.
func (c *composed) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	user, err := c.UserStore.CreateUser(ctx, u)
	if err != nil || c.parts.Users == nil {
		return user, err
	}
	return c.UserByID(ctx, user.ID)
}

// SessionsByTokens implements sessions.Store. What the base tells of the users is
// replaced by what the host's table tells, or left out.
func (c *composed) SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]sessions.Row, error) {
	rows, err := c.sessionStore.SessionsByTokens(ctx, tokenHashes...)
	for i := range rows {
		profile := rows[i].Profile
		switch {
		case profile == nil:
		case c.parts.Sessions != nil || c.profiles == nil:
			rows[i].Profile = nil
		case c.parts.Users != nil:
			user, err := c.UserByID(ctx, rows[i].UserID)
			if err != nil && !errors.Is(err, authn.ErrNotFound) {
				return nil, err
			}
			profile.User = user
		}
	}
	return rows, err
}

// SessionsInTx implements sessions.Store.
func (c *composed) SessionsInTx() bool {
	return c.parts.Sessions == nil && c.sessionStore.SessionsInTx()
}

// ChallengesInTx implements authn.ChallengeStore.
func (c *composed) ChallengesInTx() bool {
	return c.parts.Challenges == nil && c.ChallengeStore.ChallengesInTx()
}

// Profile implements account.Store.
func (c *composed) Profile(ctx context.Context, userID string) (*authn.Profile, []account.EmailAddress, *account.Phone, error) {
	if c.profiles == nil {
		return nil, nil, nil, errors.New("storage: passwords or email addresses are kept elsewhere")
	}
	profile, emails, phone, err := c.profiles.Profile(ctx, userID)
	if err != nil {
		return nil, nil, nil, err
	}
	if c.parts.Sessions != nil {
		profile.Sessions = -1
	}
	if c.parts.Users != nil {
		profile.User, err = c.UserByID(ctx, userID)
	}
	if errors.Is(err, authn.ErrNotFound) {
		profile, err = &authn.Profile{Sessions: profile.Sessions}, nil
	}
	if err == nil && c.parts.Phones != nil {
		phone, err = c.PhoneByUser(ctx, userID)
		if errors.Is(err, authn.ErrNotFound) {
			phone, err = nil, nil
		}
	}
	return profile, emails, phone, err
}

// forgetter is the Keeper of a composed store.
type forgetter struct {
	Store
	parts Parts
}

// ForgetUser implements Keeper.
func (f forgetter) ForgetUser(ctx context.Context, userID string) error {
	if userID == "" {
		return ctx.Err() // rows without a user belong to no user
	}
	return f.InTx(ctx, func(ctx context.Context) error {
		for _, forget := range []func(ctx context.Context, userID string) error{
			f.LockUser, f.forgetEmails, f.forgetAuthenticators, f.forgetSocialAccounts, f.forgetOthers, f.Store.ForgetUser,
		} {
			if err := forget(ctx, userID); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f forgetter) forgetEmails(ctx context.Context, userID string) error {
	if f.parts.Emails == nil {
		return nil
	}
	list, err := f.parts.Emails.EmailsByUser(ctx, userID)
	for _, e := range list {
		err = errors.Join(err, unlessGone(f.parts.Emails.DeleteEmail(ctx, userID, e.Email)))
	}
	return err
}

func (f forgetter) forgetAuthenticators(ctx context.Context, userID string) error {
	if f.parts.Authenticators == nil {
		return nil
	}
	list, err := f.parts.Authenticators.AuthenticatorsByUser(ctx, userID)
	for _, a := range list {
		err = errors.Join(err, unlessGone(f.parts.Authenticators.DeleteAuthenticator(ctx, userID, a.ID)))
	}
	return err
}

func (f forgetter) forgetSocialAccounts(ctx context.Context, userID string) error {
	if f.parts.SocialAccounts == nil {
		return nil
	}
	list, err := f.parts.SocialAccounts.SocialAccountsByUser(ctx, userID)
	for _, a := range list {
		err = errors.Join(err, unlessGone(f.parts.SocialAccounts.DeleteSocialAccount(ctx, userID, a.Provider, a.UID)))
	}
	return err
}

// forgetOthers deletes what a part deletes in one call.
func (f forgetter) forgetOthers(ctx context.Context, userID string) error {
	var err error
	if f.parts.Phones != nil {
		err = f.parts.Phones.DeletePhone(ctx, userID)
	}
	if err == nil && f.parts.Sessions != nil {
		err = f.parts.Sessions.DeleteUserSessions(ctx, userID, "")
	}
	if err == nil && f.parts.Challenges != nil {
		err = f.parts.Challenges.DeleteUserChallenges(ctx, "", userID)
	}
	return err
}

// unlessGone is err, unless it says that another caller deleted the row first.
func unlessGone(err error) error {
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	return err
}
