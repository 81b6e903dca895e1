package djangostore

import (
	"context"
	"fmt"
	"strings"

	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
)

// Kinds of findings.
const (
	// UnreadableFactor is a second factor that cannot be taken over. The user cannot log in
	// before it is mended or deleted: it never turns into a login without one.
	UnreadableFactor = "unreadable second factor"
	// UnsupportedHash is a password hash that the library does not verify. The user resets
	// the password.
	UnsupportedHash = "unsupported password hash"
	// ForeignHash is a hash that the library has made and Django does not read, as
	// password.Config.Django was not set. The user resets the password if Django takes
	// over again.
	ForeignHash = "password hash that Django does not read"
	// SameUsername is a username of several users that differs in case only. Each user
	// logs in by the exact spelling, and any other one finds the user who was first.
	SameUsername = "usernames that differ in case"
	// SharedAddress is a verified address of several users. They log in with their
	// passwords, and the library gives it to none of them by a mailed code.
	SharedAddress = "verified address of several users"
	// UnlikeAddress is an address that the library does not find: in upper case, or not
	// valid.
	UnlikeAddress = "address that is not found"
	// UnverifiedAddress is the only address of a user, and is not verified. The first
	// mailed code or reset of the password verifies it, and removes what was set before,
	// as another person may have signed up with the address.
	UnverifiedAddress = "no verified address"
)

// Finding is something about a user that changes with the library.
type Finding struct {
	// UserID is the id of the user.
	UserID string
	// Kind is one of the constants of this package, Detail what there is to say about
	// this user. It never has a secret.
	Kind, Detail string
}

// batch is how many rows Inspect reads at once.
const batch = 1000

// Inspect calls report for everything that will not work, or not as before, with the
// library, user by user, and for hashes that Django would not read afterwards. It changes nothing, needs no tables beside, and reads the tables in batches, so the
// memory that it needs does not grow with the number of users. It returns the error of
// report, which ends it.
func (s *Store) Inspect(ctx context.Context, report func(Finding) error) error {
	for _, inspect := range []func(ctx context.Context, report func(Finding) error) error{
		s.inspectFactors, s.inspectUsers, s.inspectUsernames, s.inspectAddresses,
	} {
		if err := inspect(ctx, report); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) inspectFactors(ctx context.Context, report func(Finding) error) error {
	for last := int64(0); ; {
		list, err := s.readFactors(ctx, factorsAlone, fmt.Sprintf(`a.id > ? ORDER BY a.id LIMIT %d`, batch), last)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, r := range list {
			last = r.ID
			if _, err := s.fromDjango(r); err != nil {
				if err := report(Finding{r.UserID, UnreadableFactor, fmt.Sprintf("authenticator %d (%s): %v", r.ID, r.Type, err)}); err != nil {
					return err
				}
			}
		}
	}
}

// inspectedUser is a row of inspectUsers.
type inspectedUser struct {
	key, hash, email string
	verified         bool
}

func (s *Store) inspectUsers(ctx context.Context, report func(Finding) error) error {
	condition, args := `TRUE`, []any{}
	for {
		list, err := rows(ctx, s, "inspect users", fmt.Sprintf(`SELECT CAST(u.[id] AS TEXT), u.[password], %s,
			EXISTS (SELECT 1 FROM account_emailaddress e WHERE e.user_id = u.[id] AND e.verified) OR NOT (%s <> '' OR EXISTS (SELECT 1 FROM account_emailaddress e WHERE e.user_id = u.[id]))
			FROM {users} u WHERE %s ORDER BY u.[id] LIMIT %d`, selected(s.cfg.Users.Email, "[email]", "''"), selected(s.cfg.Users.Email, "[email]", "''"), condition, batch), args,
			func(scan func(...any) error) (r inspectedUser, err error) {
				err = scan(&r.key, &r.hash, &r.email, &r.verified)
				return r, err
			})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, r := range list {
			id := s.userID(r.key)
			if usable(r.hash) && !password.Supported(r.hash) {
				kind, _, _ := strings.Cut(r.hash, "$")
				if err := report(Finding{id, UnsupportedHash, "a hash of " + cut(kind, 20)}); err != nil {
					return err
				}
			}
			if strings.HasPrefix(r.hash, "$") {
				if err := report(Finding{id, ForeignHash, ""}); err != nil {
					return err
				}
			}
			if !r.verified {
				if err := report(Finding{id, UnverifiedAddress, ""}); err != nil {
					return err
				}
			}
			if email, ok := identifier.KnownEmail(r.email); r.email != "" && (!ok || email != strings.ToLower(r.email)) {
				if err := report(Finding{id, UnlikeAddress, "the address of the user model"}); err != nil {
					return err
				}
			}
		}
		last, _ := s.key(s.userID(list[len(list)-1].key)) // it is one of the table's
		condition, args = `u.[id] > ?key`, []any{last}
	}
}

func (s *Store) inspectUsernames(ctx context.Context, report func(Finding) error) error {
	if s.cfg.Users.Username == "" {
		return nil
	}
	list, err := rows(ctx, s, "inspect usernames", `SELECT CAST(u.[id] AS TEXT), u.[username] FROM {users} u
		WHERE lower(u.[username]) IN (SELECT lower([username]) FROM {users} GROUP BY lower([username]) HAVING COUNT(*) > 1) ORDER BY u.[id]`, nil, scanPair)
	for _, r := range list {
		if err := report(Finding{s.userID(r.key), SameUsername, r.text}); err != nil {
			return err
		}
	}
	return err
}

// pair is a key of a user and a text.
type pair struct{ key, text string }

func scanPair(scan func(...any) error) (p pair, err error) {
	err = scan(&p.key, &p.text)
	return p, err
}

func (s *Store) inspectAddresses(ctx context.Context, report func(Finding) error) error {
	for kind, query := range map[string]string{
		UnlikeAddress: `SELECT CAST(user_id AS TEXT), email FROM account_emailaddress WHERE email <> lower(email) ORDER BY id`,
		SharedAddress: `SELECT CAST(user_id AS TEXT), email FROM account_emailaddress WHERE verified
			AND email IN (SELECT email FROM account_emailaddress WHERE verified GROUP BY email HAVING COUNT(*) > 1) ORDER BY email, id`,
	} {
		list, err := rows(ctx, s, "inspect email addresses", query, nil, scanPair)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := report(Finding{s.userID(r.key), kind, r.text}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Adopt stores by what the library finds the security keys of Django, in batches. It
// changes nothing of Django, can be called again at any time, and continues where an
// earlier call ended: a server also does it for keys that it does not know.
func (s *Store) Adopt(ctx context.Context) error {
	return s.claimRows(ctx, `(x.authenticator_id IS NULL OR x.source = '')`)
}
