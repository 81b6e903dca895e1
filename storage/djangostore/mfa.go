package djangostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
)

// An authenticator is in mfa_authenticator in Django's form, and beside as the library
// encrypted it, with its claim, counter and version. What is beside is used as long as
// Django's data is what it was written to: what Django changed meanwhile counts.

// errNoMFA means that the site has no table of authenticators.
var errNoMFA = errors.New("djangostore: the site does not have allauth.mfa; add it to INSTALLED_APPS and run its migrations, or leave Config.MFA unset")

// factorRow is a row of mfa_authenticator, with what is beside.
type factorRow struct {
	mfa.Authenticator
	data djangoData
	// claim, sealed and source are nil if there is no row beside.
	claim, source    *string
	sealed           []byte
	counter, version *int64
}

const (
	factorsBeside = `x.claim, x.data, x.source, x.counter, x.version FROM mfa_authenticator a LEFT JOIN {django_authenticators} x ON x.authenticator_id = a.id`
	factorsAlone  = `NULL, NULL, NULL, NULL, NULL FROM mfa_authenticator a`
)

// factors reads rows. In a transaction it locks them.
func (s *Store) factors(ctx context.Context, condition string, args ...any) ([]factorRow, error) {
	return s.readFactors(ctx, factorsBeside, condition, args...)
}

func (s *Store) readFactors(ctx context.Context, from, condition string, args ...any) ([]factorRow, error) {
	t, err := s.read(ctx)
	if err != nil || !t.mfa {
		return nil, err
	}
	lock := ""
	if s.inTx(ctx) {
		lock = s.forUpdate("a")
	}
	return rows(ctx, s, "load authenticators", `SELECT a.id, CAST(a.user_id AS TEXT), a.type, CAST(a.data AS TEXT), `+s.timeColumn("a.created_at")+`, `+s.timeColumn("a.last_used_at")+`, `+from+` WHERE `+condition+lock, args, func(scan func(...any) error) (r factorRow, err error) {
		var key, kind, data string
		var created, used stored
		if err = scan(&r.ID, &key, &kind, &data, &created, &used, &r.claim, &r.sealed, &r.source, &r.counter, &r.version); err != nil {
			return r, err
		}
		r.UserID, r.Type, r.CreatedAt, r.LastUsedAt = s.userID(key), mfa.Type(kind), created.Time, used.Time
		if r.data, err = readData(data); err != nil {
			err = fmt.Errorf("authenticator %d of user %s: %w", r.ID, r.UserID, err)
		}
		return r, err
	})
}

// authenticator returns a row as the library keeps it.
func (s *Store) authenticator(r factorRow) (mfa.Authenticator, error) {
	a := r.Authenticator
	if r.version != nil {
		a.Counter, a.Version = *r.counter, *r.version
	}
	if r.Type == mfa.WebAuthn {
		a.Name = r.data.text("name")
	}
	if r.source != nil && *r.source == r.data.source() {
		a.Claim, a.Data = *r.claim, r.sealed
		return a, nil
	}
	factor, err := s.fromDjango(r)
	if err == nil {
		a.Claim = factor.claim(r.UserID)
		if r.claim != nil && *r.source != "" {
			a.Claim = *r.claim
		}
		a.Data, err = s.seal(r.Type, r.UserID, factor.value)
	}
	if err != nil {
		return a, fmt.Errorf("djangostore: authenticator %d (%s) of user %s cannot be taken over: %w", r.ID, r.Type, r.UserID, err)
	}
	return a, nil
}

func (s *Store) authenticators(found []factorRow, err error) ([]mfa.Authenticator, error) {
	if err != nil {
		return nil, err
	}
	var list []mfa.Authenticator
	for _, r := range found {
		a, err := s.authenticator(r)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// AuthenticatorsByUser implements mfa.Store. It returns an error that names the user if
// one of them cannot be read: the user must not get in without it.
func (s *Store) AuthenticatorsByUser(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	key, ok := s.key(userID)
	if !ok {
		return nil, ctx.Err()
	}
	return s.authenticators(s.factors(ctx, `a.user_id = ?key ORDER BY a.id`, key))
}

// AuthenticatorByClaim implements mfa.Store.
func (s *Store) AuthenticatorByClaim(ctx context.Context, claim string) (*mfa.Authenticator, error) {
	if !s.storable(claim) {
		return nil, cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	kind, user, _ := strings.Cut(claim, ":")
	key, isUser := s.key(user)
	find := func() ([]mfa.Authenticator, error) {
		if t := mfa.Type(kind); isUser && (t == mfa.TOTP || t == mfa.RecoveryCodes) {
			return s.authenticators(s.factors(ctx, `a.user_id = ?key AND a.type = ?`, key, kind))
		}
		return s.authenticators(s.factors(ctx, `x.claim = ?`, claim))
	}
	list, err := find()
	if err == nil && len(list) == 0 { // Django has perhaps added it since
		if err = s.claimNew(ctx); err == nil {
			list, err = find()
		}
	}
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, authn.ErrNotFound
	}
	return &list[0], nil
}

// overlap is how many ids before the latest one that is beside are looked at again:
// a transaction of Django with a lower id may have committed later.
const overlap = 1000

// claimNew stores the claims of keys that Django has added, so that they are found by them.
// Apps and recovery codes are found by their users.
func (s *Store) claimNew(ctx context.Context) error {
	return s.claimRows(ctx, `a.id > (SELECT COALESCE(MAX(authenticator_id), 0) FROM {django_authenticators}) - ? AND x.authenticator_id IS NULL`, overlap)
}

// claimRows stores what the library keeps of keys of Django, in batches.
func (s *Store) claimRows(ctx context.Context, condition string, args ...any) error {
	for last := int64(0); ; {
		list, err := s.factors(ctx, condition+` AND a.type = 'webauthn' AND a.id > ? ORDER BY a.id LIMIT `+strconv.Itoa(claimedAtOnce), append(slices.Clone(args), last)...)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := s.claimBatch(ctx, list); err != nil {
			return err
		}
		if last = list[len(list)-1].ID; len(list) < claimedAtOnce {
			return nil
		}
	}
}

// claimedAtOnce is how many rows a statement of claimBatch inserts.
const claimedAtOnce = 100

// claimBatch stores what the library keeps of keys of Django. One that cannot be read gets
// a claim that no client can make, so that requests look at it once, until Adopt looks
// again.
func (s *Store) claimBatch(ctx context.Context, list []factorRow) error {
	var values []any
	for _, r := range list {
		claim, sealed, from := fmt.Sprintf("unreadable:%d", r.ID), []byte{}, ""
		if factor, err := s.fromDjango(r); err == nil {
			if sealed, err = s.seal(r.Type, r.UserID, factor.value); err != nil {
				return err
			}
			claim, from = factor.claim(r.UserID), r.data.source()
		}
		values = append(values, r.ID, claim, sealed, from)
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, "adopt keys", `DELETE FROM {django_authenticators} WHERE source = '' AND authenticator_id BETWEEN ? AND ?`, list[0].ID, list[len(list)-1].ID); err != nil {
			return err
		}
		rows := strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, 0, 0), ", len(list)), ", ")
		_, err := s.exec(ctx, "adopt keys", `INSERT INTO {django_authenticators} (authenticator_id, claim, data, source, counter, version) VALUES `+rows+` ON CONFLICT DO NOTHING`, values...)
		return err
	})
}

// CreateAuthenticator implements mfa.Store.
func (s *Store) CreateAuthenticator(ctx context.Context, a mfa.Authenticator) (id int64, err error) {
	key, ok := s.key(a.UserID)
	if !ok || !s.storable(a.Claim) {
		return 0, cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	t, err := s.read(ctx)
	if err != nil {
		return 0, err
	}
	if !t.mfa {
		return 0, errNoMFA
	}
	err = s.atomically(ctx, func(ctx context.Context) error {
		if err := s.claimNew(ctx); err != nil {
			return err
		}
		if err := s.lockText(ctx, "authenticator "+a.Claim); err != nil {
			return err
		}
		if _, err := s.exec(ctx, "create authenticator", `DELETE FROM {django_authenticators} WHERE claim = ?
			AND NOT EXISTS (SELECT 1 FROM mfa_authenticator a WHERE a.id = authenticator_id)`, a.Claim); err != nil {
			return err
		}
		data, err := s.toDjango(a, nil)
		if err != nil {
			return err
		}
		ids, err := rows(ctx, s, "create authenticator", `INSERT INTO mfa_authenticator (user_id, type, data, created_at, last_used_at) VALUES (?key, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id`,
			[]any{key, string(a.Type), data.json(), s.timeValue(a.CreatedAt), s.timeValue(a.LastUsedAt)}, scanID)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return authn.ErrConflict
		}
		id = ids[0]
		n, err := s.exec(ctx, "create authenticator", `INSERT INTO {django_authenticators} (authenticator_id, claim, data, source, counter, version) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			id, a.Claim, a.Data, data.source(), a.Counter, a.Version)
		if err == nil && n == 0 {
			return authn.ErrConflict // the row of Django is undone
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// locked returns the authenticator of the user with that id, and locks it.
func (s *Store) locked(ctx context.Context, userID string, id int64) (factorRow, error) {
	key, ok := s.key(userID)
	if !ok {
		return factorRow{}, authn.ErrNotFound
	}
	list, err := s.factors(ctx, `a.id = ? AND a.user_id = ?key`, id, key)
	if err == nil && len(list) == 0 {
		err = authn.ErrNotFound
	}
	if err != nil {
		return factorRow{}, err
	}
	return list[0], nil
}

// UpdateAuthenticator implements mfa.Store. Recovery codes that Django marked as used
// meanwhile stay used.
func (s *Store) UpdateAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		if _, err := s.locked(ctx, a.UserID, a.ID); err != nil {
			return err
		}
		r, err := s.locked(ctx, a.UserID, a.ID) // with what is beside, after the lock
		if err != nil {
			return err
		}
		version := int64(0)
		if r.version != nil {
			version = *r.version
		}
		if version != a.Version {
			return authn.ErrConflict
		}
		a.Type = r.Type
		data, err := s.toDjango(a, &r)
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, "update authenticator", `UPDATE mfa_authenticator SET data = ?, last_used_at = ? WHERE id = ?`, data.json(), s.timeValue(a.LastUsedAt), a.ID); err != nil {
			return err
		}
		claim := a.Claim
		if r.claim != nil {
			claim = *r.claim
		}
		_, err = s.exec(ctx, "update authenticator", `INSERT INTO {django_authenticators} (authenticator_id, claim, data, source, counter, version) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (authenticator_id) DO UPDATE SET data = excluded.data, source = excluded.source, counter = excluded.counter, version = excluded.version`,
			a.ID, claim, a.Data, data.source(), a.Counter, a.Version+1)
		return err
	})
}

// DeleteAuthenticator implements mfa.Store.
func (s *Store) DeleteAuthenticator(ctx context.Context, userID string, id int64) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		key, ok := s.key(userID)
		t, err := s.read(ctx)
		if err != nil {
			return err
		}
		if !ok || !t.mfa {
			return authn.ErrNotFound
		}
		n, err := s.exec(ctx, "delete authenticator", `DELETE FROM mfa_authenticator WHERE id = ? AND user_id = ?key`, id, key)
		if err != nil {
			return err
		}
		if n == 0 {
			return authn.ErrNotFound
		}
		_, err = s.exec(ctx, "delete authenticator", `DELETE FROM {django_authenticators} WHERE authenticator_id = ?`, id)
		return err
	})
}

// hasType reports whether the library knows the type of an authenticator.
func hasType(t mfa.Type) bool {
	return slices.Contains([]mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn}, t)
}

// handle returns the handle of a user's keys in django-allauth.
func (s *Store) handle(userID string) []byte {
	if s.cfg.Users.Key == UUID {
		return []byte(strings.ReplaceAll(userID, "-", ""))
	}
	return []byte(base36(userID))
}

// UserHandle returns the handle that django-allauth gives the security keys of a user:
// set mfa.Config.WebAuthnUserHandle to it, so that Django accepts keys that are added
// meanwhile. The error is nil.
func (s *Store) UserHandle(_ context.Context, userID string) ([]byte, error) {
	return s.handle(userID), nil
}
