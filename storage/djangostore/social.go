package djangostore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
)

// A token of a provider is in socialaccount_socialtoken in clear, and beside as the
// library encrypted it. The encrypted one is used as long as Django's is what it was
// made of or written to.

// tokenPurpose names the key with which the library encrypts tokens of providers.
const tokenPurpose = "socialaccount_token"

// providerToken is the plaintext of the library's token.
type providerToken struct {
	AccessToken  string    `json:"access_token"`
	TokenType    string    `json:"token_type,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	Expiry       time.Time `json:"expiry,omitzero"`
}

func tokenOwner(provider, uid string) []byte { return []byte(provider + "\x00" + uid) }

// source identifies what a row of Django had when the row beside was written.
func source(parts ...string) string {
	text, _ := json.Marshal(parts) // texts can always be encoded
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (t providerToken) source() string {
	expiry := ""
	if !t.Expiry.IsZero() {
		expiry = t.Expiry.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
	}
	return source(t.AccessToken, t.RefreshToken, expiry)
}

// socialRow is a row of accounts.
type socialRow struct {
	socialaccount.Account
	id int64
	// source is that of the encrypted token, has whether there is one.
	sealed []byte
	source *string
}

const accounts = ` FROM socialaccount_socialaccount a LEFT JOIN {django_tokens} x ON x.account_id = a.id WHERE `

func (s *Store) accounts(ctx context.Context, what, condition string, args ...any) ([]socialaccount.Account, error) {
	t, err := s.read(ctx)
	if err != nil || !t.social {
		return nil, err
	}
	found, err := rows(ctx, s, what, `SELECT a.id, CAST(a.user_id AS TEXT), a.provider, a.uid, CAST(a.extra_data AS TEXT), `+s.timeColumn("a.date_joined")+`, `+
		s.timeColumn("a.last_login")+`, x.token, x.source`+accounts+condition, args,
		func(scan func(...any) error) (r socialRow, err error) {
			var key, extra string
			var created, last stored
			err = scan(&r.id, &key, &r.Provider, &r.UID, &extra, &created, &last, &r.sealed, &r.source)
			r.UserID, r.CreatedAt, r.LastLogin = s.userID(key), created.Time, last.Time
			var compact bytes.Buffer
			if json.Compact(&compact, []byte(extra)) == nil {
				r.ExtraData = compact.Bytes()
			}
			return r, err
		})
	if err != nil {
		return nil, err
	}
	var list []socialaccount.Account
	for _, r := range found {
		if r.Token, err = s.tokenOf(ctx, r); err != nil {
			return nil, err
		}
		list = append(list, r.Account)
	}
	return list, nil
}

// tokenOf returns the encrypted token of an account: that beside, or else Django's.
func (s *Store) tokenOf(ctx context.Context, r socialRow) ([]byte, error) {
	token, err := s.djangoToken(ctx, r.id)
	missing := errors.Is(err, authn.ErrNotFound)
	switch {
	case err != nil && !missing:
		return nil, err
	case r.source != nil && (missing && *r.source == "" || !missing && *r.source == token.source()):
		return r.sealed, nil
	case missing:
		return nil, nil
	}
	text, err := json.Marshal(token) //nolint:gosec // it is encrypted right below
	if err != nil {
		return nil, failed("read the token of a provider", err)
	}
	return s.keys.Seal(tokenPurpose, text, tokenOwner(r.Provider, r.UID))
}

func (s *Store) djangoToken(ctx context.Context, accountID int64) (t providerToken, err error) {
	var expiry stored
	err = s.row(ctx, "load the token of a provider", `SELECT token, token_secret, `+s.timeColumn("expires_at")+` FROM socialaccount_socialtoken WHERE account_id = ? ORDER BY id DESC LIMIT 1`,
		[]any{accountID}, &t.AccessToken, &t.RefreshToken, &expiry)
	t.Expiry = expiry.Time
	return t, err
}

// storeToken stores an encrypted token beside and, if the library encrypted it with the
// secrets of Config, in clear in Django's table. Nil deletes both.
func (s *Store) storeToken(ctx context.Context, accountID int64, provider, uid string, sealed []byte) error {
	if sealed == nil {
		for _, table := range []string{`{django_tokens}`, `socialaccount_socialtoken`} {
			if _, err := s.exec(ctx, "drop the token of a provider", `DELETE FROM `+table+` WHERE account_id = ?`, accountID); err != nil {
				return err
			}
		}
		return nil
	}
	var token providerToken
	from := ""
	if text, err := s.keys.Open(tokenPurpose, sealed, tokenOwner(provider, uid)); err == nil {
		if err := json.Unmarshal(text, &token); err != nil {
			return failed("store the token of a provider", err)
		}
		from = token.source()
		n, err := s.exec(ctx, "store the token of a provider", `UPDATE socialaccount_socialtoken SET token = ?, token_secret = ?, expires_at = ? WHERE account_id = ?`,
			token.AccessToken, token.RefreshToken, s.timeValue(token.Expiry), accountID)
		if err == nil && n == 0 {
			_, err = s.exec(ctx, "store the token of a provider", `INSERT INTO socialaccount_socialtoken (account_id, app_id, token, token_secret, expires_at)
				VALUES (?, (SELECT MIN(id) FROM socialaccount_socialapp WHERE provider = ? OR provider_id = ?), ?, ?, ?)`,
				accountID, provider, provider, token.AccessToken, token.RefreshToken, s.timeValue(token.Expiry))
		}
		if err != nil {
			return err
		}
	} else if _, err := s.exec(ctx, "drop the token of a provider", `DELETE FROM socialaccount_socialtoken WHERE account_id = ?`, accountID); err != nil {
		return err
	}
	_, err := s.exec(ctx, "store the token of a provider", `INSERT INTO {django_tokens} (account_id, token, source) VALUES (?, ?, ?)
		ON CONFLICT (account_id) DO UPDATE SET token = excluded.token, source = excluded.source`, accountID, sealed, from)
	return err
}

// errNoSocial means that the site has no table of accounts at providers.
var errNoSocial = errors.New("djangostore: the site does not have allauth.socialaccount; add it to INSTALLED_APPS and run its migrations, or leave Config.SocialAccount unset")

// CreateSocialAccount implements socialaccount.Store.
func (s *Store) CreateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	key, ok := s.key(a.UserID)
	if !ok || !s.storable(a.Provider, a.UID) {
		return cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	t, err := s.read(ctx)
	if err != nil {
		return err
	}
	if !t.social {
		return errNoSocial
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		id, err := rows(ctx, s, "create account at provider", `INSERT INTO socialaccount_socialaccount (user_id, provider, uid, extra_data, date_joined, last_login)
			VALUES (?key, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id`,
			[]any{key, a.Provider, a.UID, extraData(a.ExtraData), s.timeValue(a.CreatedAt), s.timeValue(a.LastLogin)}, scanID)
		if err != nil {
			return err
		}
		if len(id) == 0 {
			return authn.ErrConflict
		}
		if a.Token == nil {
			return nil
		}
		return s.storeToken(ctx, id[0], a.Provider, a.UID, a.Token)
	})
}

func scanID(scan func(...any) error) (id int64, err error) {
	err = scan(&id)
	return id, err
}

// extraData returns a profile as Django keeps it, which is always JSON.
func extraData(profile []byte) string {
	if !json.Valid(profile) {
		return "{}"
	}
	return plain(string(profile))
}

// SocialAccount implements socialaccount.Store.
func (s *Store) SocialAccount(ctx context.Context, provider, uid string) (*socialaccount.Account, error) {
	if !s.storable(provider, uid) {
		return nil, cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	list, err := s.accounts(ctx, "load account at provider", `a.provider = ? AND a.uid = ?`, provider, uid)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, authn.ErrNotFound
	}
	return &list[0], nil
}

// SocialAccountsByUser implements socialaccount.Store.
func (s *Store) SocialAccountsByUser(ctx context.Context, userID string) ([]socialaccount.Account, error) {
	key, ok := s.key(userID)
	if !ok {
		return nil, ctx.Err()
	}
	lock := ""
	if s.inTx(ctx) {
		lock = s.forUpdate("a")
	}
	return s.accounts(ctx, "load accounts at providers", `a.user_id = ?key ORDER BY a.id`+lock, key)
}

// SocialAccountsByProvider implements socialaccount.Store.
func (s *Store) SocialAccountsByProvider(ctx context.Context, provider, after string, limit int) ([]socialaccount.Account, error) {
	if !s.storable(provider, after) {
		return nil, ctx.Err()
	}
	uid := "a.uid"
	if s.postgres {
		uid += ` COLLATE "C"`
	}
	return s.accounts(ctx, "load accounts at provider", `a.provider = ? AND `+uid+` > ? ORDER BY `+uid+` LIMIT ?`, provider, after, limit)
}

// accountID returns the key of an account of a user, and locks it.
func (s *Store) accountID(ctx context.Context, provider, uid string) (id int64, userID string, err error) {
	if !s.storable(provider, uid) {
		return 0, "", authn.ErrNotFound
	}
	t, err := s.read(ctx)
	if err == nil && !t.social {
		err = authn.ErrNotFound
	}
	if err != nil {
		return 0, "", err
	}
	err = s.row(ctx, "load account at provider", `SELECT a.id, CAST(a.user_id AS TEXT) FROM socialaccount_socialaccount a WHERE a.provider = ? AND a.uid = ?`+s.forUpdate("a"),
		[]any{provider, uid}, &id, &userID)
	return id, s.userID(userID), err
}

// changeAccount makes a change of an account of the user.
func (s *Store) changeAccount(ctx context.Context, userID, provider, uid string, change func(ctx context.Context, id int64) error) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		id, owner, err := s.accountID(ctx, provider, uid)
		if err != nil {
			return err
		}
		if owner != userID {
			return authn.ErrNotFound
		}
		return change(ctx, id)
	})
}

// RekeySocialAccount implements socialaccount.Store.
func (s *Store) RekeySocialAccount(ctx context.Context, a socialaccount.Account, uid string) error {
	return s.changeAccount(ctx, a.UserID, a.Provider, a.UID, func(ctx context.Context, id int64) error {
		if _, err := s.exec(ctx, "move account at provider", `UPDATE socialaccount_socialaccount SET uid = ? WHERE id = ?`, uid, id); err != nil {
			return conflict(err)
		}
		return s.storeToken(ctx, id, a.Provider, uid, a.Token)
	})
}

// UpdateSocialAccount implements socialaccount.Store.
func (s *Store) UpdateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	return s.changeAccount(ctx, a.UserID, a.Provider, a.UID, func(ctx context.Context, id int64) error {
		_, err := s.exec(ctx, "update account at provider", `UPDATE socialaccount_socialaccount SET extra_data = ?, last_login = ? WHERE id = ?`,
			extraData(a.ExtraData), s.timeValue(a.LastLogin), id)
		return err
	})
}

// SwapSocialToken implements socialaccount.Store.
func (s *Store) SwapSocialToken(ctx context.Context, provider, uid string, old, new []byte) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		id, _, err := s.accountID(ctx, provider, uid)
		if err != nil {
			return err
		}
		stored, err := s.SocialAccount(ctx, provider, uid)
		if err != nil {
			return err
		}
		if !s.sameToken(provider, uid, stored.Token, old) {
			return authn.ErrConflict
		}
		return s.storeToken(ctx, id, provider, uid, new)
	})
}

// sameToken reports whether two encrypted tokens are the same: a token of Django is
// encrypted anew whenever it is read.
func (s *Store) sameToken(provider, uid string, a, b []byte) bool {
	if bytes.Equal(a, b) || a == nil || b == nil {
		return bytes.Equal(a, b) && (a == nil) == (b == nil)
	}
	first, err := s.keys.Open(tokenPurpose, a, tokenOwner(provider, uid))
	if err != nil {
		return false
	}
	second, err := s.keys.Open(tokenPurpose, b, tokenOwner(provider, uid))
	return err == nil && bytes.Equal(first, second)
}

// DeleteSocialAccount implements socialaccount.Store.
func (s *Store) DeleteSocialAccount(ctx context.Context, userID, provider, uid string) error {
	return s.changeAccount(ctx, userID, provider, uid, func(ctx context.Context, id int64) error {
		if err := s.storeToken(ctx, id, provider, uid, nil); err != nil {
			return err
		}
		n, err := s.exec(ctx, "delete account at provider", `DELETE FROM socialaccount_socialaccount WHERE id = ?`, id)
		if err == nil && n == 0 {
			return authn.ErrNotFound
		}
		return err
	})
}
