package storage

import (
	"context"
	"errors"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/users"
)

// Parts are the parts of a store that are kept elsewhere: in the host's own
// tables, in Redis, or in another store. A nil part stays in the base store.
//
// A part that uses the same database joins the transactions of the base store
// (see sqlstore.Conn): a sign-up then writes both the host's row and the
// library's, or neither. The fields say what changes for a part that does not
// join them.
type Parts struct {
	// Users are the users.
	Users authn.UserStore
	// Passwords are the password hashes, Usernames the usernames, Emails the
	// email addresses and Phones the phone numbers of users.
	Passwords account.PasswordStore
	Usernames account.UsernameStore
	Emails    account.EmailStore
	Phones    account.PhoneStore
	// Directory lists and changes the users. Nil: that of the base store, or none if
	// Users, Usernames, Emails or Phones are kept elsewhere: then the calls of
	// allauth.Auth.Users that list or change users return [users.ErrUnsupported].
	Directory users.Directory
	// Authenticators are second factors and passkeys.
	Authenticators mfa.Store
	// SocialAccounts are the accounts of users at providers.
	SocialAccounts socialaccount.Store
	// Sessions are the session rows. Outside of the transactions, a session can
	// be ended although the change that ended it failed.
	Sessions sessions.Store
	// RefreshTokens are the refresh tokens of apps.
	RefreshTokens token.Store
	// Challenges are one-time codes, keys of links and other one-time secrets.
	// Outside of the transactions, a secret is consumed even if the action that
	// it was used for failed. It can never be used twice.
	Challenges authn.ChallengeStore
	// RateLimits are the counters of attempts.
	RateLimits ratelimit.Store
	// Outbox holds the messages that are to be delivered. It should join the
	// transactions: otherwise a message can be sent although its change failed,
	// or be lost although its change succeeded.
	Outbox notify.Store
	// Audit holds the events that are kept. It should join the transactions.
	Audit audit.Store
}

// Compose returns a Store that keeps the given parts elsewhere and everything
// else in base.
//
// ForgetUser deletes the rows of the user in every part that can list or delete
// them: Sessions, Challenges, Emails, Phones, Authenticators, SocialAccounts and Audit.
// If Users, Passwords, Usernames or RefreshTokens are kept elsewhere, the host
// deletes their rows. Clean deletes expired rows of base only.
func Compose(base Store, parts Parts) Store {
	c := &composed{
		UserStore: base, Transactor: base, ChallengeStore: base,
		EmailStore: base, PasswordStore: base, UsernameStore: base, PhoneStore: base,
		auditStore: base, authenticatorStore: base, limitStore: base, outboxStore: base, sessionStore: base, socialStore: base, tokenStore: base,
		DeletionStore: base, Keeper: forgetter{base, parts}, directory: parts.Directory, base: base.Base(), parts: parts,
	}
	if parts.Directory == nil && parts.Users == nil && parts.Usernames == nil && parts.Emails == nil && parts.Phones == nil {
		c.directory = base.Directory()
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
	replace(&c.auditStore, parts.Audit)
	return c
}

// replace sets target to part, unless part is nil.
func replace[T comparable](target *T, part T) {
	var none T
	if part != none {
		*target = part
	}
}

// Names for the parts that are called Store in their packages, as a struct can
// embed only one type of a name.
type (
	auditStore         = audit.Store
	authenticatorStore = mfa.Store
	limitStore         = ratelimit.Store
	outboxStore        = notify.Store
	sessionStore       = sessions.Store
	socialStore        = socialaccount.Store
	tokenStore         = token.Store
)

// composed is a store whose parts are kept in several stores.
type composed struct {
	authn.UserStore
	authn.Transactor
	authn.ChallengeStore
	account.EmailStore
	account.PasswordStore
	account.UsernameStore
	account.PhoneStore
	auditStore
	authenticatorStore
	limitStore
	outboxStore
	sessionStore
	socialStore
	tokenStore
	users.DeletionStore
	Keeper
	directory users.Directory
	base      Store
	// profiles reads the profiles without the host's users. Nil if the other
	// parts are not in one store.
	profiles account.Store
	// parts are the parts that are kept elsewhere.
	parts Parts
}

// Directory implements Store.
func (c *composed) Directory() users.Directory { return c.directory }

// Base implements Store.
func (c *composed) Base() Store { return c.base }

// ProfileOrigin implements account.Store.
func (c *composed) ProfileOrigin() any {
	if c.profiles == nil {
		return nil
	}
	return c
}

// CreateUser implements authn.UserStore. The store of the host may return less than it
// stores.
func (c *composed) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	user, err := c.UserStore.CreateUser(ctx, u)
	if err != nil || c.parts.Users == nil {
		return user, err
	}
	return c.UserByID(ctx, user.ID)
}

// EmailsByAddress implements account.EmailStore. Numbers that are kept elsewhere are
// looked at, too.
func (c *composed) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	rows, err := c.EmailStore.EmailsByAddress(ctx, email)
	if err != nil || c.parts.Phones == nil || c.profiles == nil {
		return rows, err
	}
	for i := range rows {
		phone, err := c.PhoneByUser(ctx, rows[i].UserID)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		rows[i].OwnerUnverified = rows[i].OwnerUnverified && (err != nil || !phone.Verified)
	}
	return rows, nil
}

// PhonesByNumber implements account.PhoneStore. Where numbers are kept elsewhere, the
// addresses of their users are looked at: those of one who does not exist, if there
// are no rows, so that an unknown number takes as long.
func (c *composed) PhonesByNumber(ctx context.Context, number string) ([]account.Phone, error) {
	rows, err := c.PhoneStore.PhonesByNumber(ctx, number)
	if err != nil || c.parts.Phones == nil || c.profiles == nil {
		return rows, err
	}
	if len(rows) == 0 {
		_, err := c.EmailsByUser(ctx, "")
		return nil, err
	}
	for i := range rows {
		emails, err := c.EmailsByUser(ctx, rows[i].UserID)
		if err != nil {
			return nil, err
		}
		rows[i].OwnerUnverified = !rows[i].Verified && !slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Verified })
	}
	return rows, nil
}

// SessionsByTokens implements sessions.Store. It replaces the users of the base's
// profiles by those of the host's table, or leaves the profiles out.
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
		return ctx.Err() // rows with an empty user id do not belong to a user
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
		err = errors.Join(err, ignoreMissing(f.parts.Emails.DeleteEmail(ctx, userID, e.Email)))
	}
	return err
}

func (f forgetter) forgetAuthenticators(ctx context.Context, userID string) error {
	if f.parts.Authenticators == nil {
		return nil
	}
	list, err := f.parts.Authenticators.AuthenticatorsByUser(ctx, userID)
	for _, a := range list {
		err = errors.Join(err, ignoreMissing(f.parts.Authenticators.DeleteAuthenticator(ctx, userID, a.ID)))
	}
	return err
}

func (f forgetter) forgetSocialAccounts(ctx context.Context, userID string) error {
	if f.parts.SocialAccounts == nil {
		return nil
	}
	list, err := f.parts.SocialAccounts.SocialAccountsByUser(ctx, userID)
	for _, a := range list {
		err = errors.Join(err, ignoreMissing(f.parts.SocialAccounts.DeleteSocialAccount(ctx, userID, a.Provider, a.UID)))
	}
	return err
}

// forgetOthers deletes the rows of parts that delete all rows of a user in one
// call.
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
	if err == nil && f.parts.Audit != nil {
		err = f.parts.Audit.ForgetEvents(ctx, userID)
	}
	return err
}

// ignoreMissing returns err, or nil if err means that a concurrent call deleted the
// row first.
func ignoreMissing(err error) error {
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	return err
}
