package sqlstore

import (
	"bytes"
	"context"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
)

const socialColumns = `user_id, provider, uid, extra_data, token, created_at, last_login`

func scanSocial(scan func(...any) error) (socialaccount.Account, error) {
	var a socialaccount.Account
	var created, last int64
	err := scan(&a.UserID, &a.Provider, &a.UID, &a.ExtraData, &a.Token, &created, &last)
	a.CreatedAt, a.LastLogin = fromMicros(created), fromMicros(last)
	if len(a.Token) == 0 {
		a.Token = nil
	}
	return a, err
}

// CreateSocialAccount implements socialaccount.Store.
func (s *Store) CreateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	return s.insert(ctx, "create account at provider", `{social_accounts} (`+socialColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		a.UserID, a.Provider, a.UID, a.ExtraData, tokenColumn(a.Token), micros(a.CreatedAt), micros(a.LastLogin))
}

// tokenColumn returns a token as stored: no token is an empty text, which can be
// compared like any other.
func tokenColumn(token []byte) []byte {
	if token == nil {
		return []byte{}
	}
	return token
}

// SocialAccount implements socialaccount.Store.
func (s *Store) SocialAccount(ctx context.Context, provider, uid string) (*socialaccount.Account, error) {
	list, err := rows(ctx, s, "load account at provider",
		`SELECT `+socialColumns+` FROM {social_accounts} WHERE provider = ? AND uid = ?`, []any{provider, uid}, scanSocial)
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
	lock := ""
	if transactionOf(ctx, s.db) != nil {
		lock = s.dialect.forUpdate
	}
	return rows(ctx, s, "load accounts at providers",
		`SELECT `+socialColumns+` FROM {social_accounts} WHERE user_id = ? ORDER BY id `+lock, []any{userID}, scanSocial)
}

// SocialAccountsByProvider implements socialaccount.Store.
func (s *Store) SocialAccountsByProvider(ctx context.Context, provider, after string, limit int) ([]socialaccount.Account, error) {
	return rows(ctx, s, "load accounts at provider",
		`SELECT `+socialColumns+` FROM {social_accounts} WHERE provider = ? AND uid > ? ORDER BY uid LIMIT ?`, []any{provider, after, limit}, scanSocial)
}

// RekeySocialAccount implements socialaccount.Store.
func (s *Store) RekeySocialAccount(ctx context.Context, a socialaccount.Account, uid string) error {
	err := s.updateOne(ctx, "move account at provider", `{social_accounts}`,
		`uid = ?, token = ?`, []any{uid, tokenColumn(a.Token)},
		`provider = ? AND uid = ? AND user_id = ?`, []any{a.Provider, a.UID, a.UserID})
	if isDuplicate(err) {
		return authn.ErrConflict
	}
	return err
}

// UpdateSocialAccount implements socialaccount.Store.
func (s *Store) UpdateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	return s.updateOne(ctx, "update account at provider", `{social_accounts}`,
		`extra_data = ?, last_login = ?`, []any{a.ExtraData, micros(a.LastLogin)},
		`provider = ? AND uid = ? AND user_id = ?`, []any{a.Provider, a.UID, a.UserID})
}

// SwapSocialToken implements socialaccount.Store.
func (s *Store) SwapSocialToken(ctx context.Context, provider, uid string, old, new []byte) error {
	n, err := s.exec(ctx, "store token of provider",
		`UPDATE {social_accounts} SET token = ? WHERE provider = ? AND uid = ? AND token = ?`,
		tokenColumn(new), provider, uid, tokenColumn(old))
	if err != nil || n > 0 {
		return err
	}
	stored, err := s.SocialAccount(ctx, provider, uid)
	if err != nil {
		return err
	}
	if bytes.Equal(old, new) && bytes.Equal(stored.Token, old) {
		return nil // the row was up to date, and MySQL does not count it
	}
	return authn.ErrConflict
}

// DeleteSocialAccount implements socialaccount.Store.
func (s *Store) DeleteSocialAccount(ctx context.Context, userID, provider, uid string) error {
	return s.execOne(ctx, "delete account at provider", authn.ErrNotFound,
		`DELETE FROM {social_accounts} WHERE provider = ? AND uid = ? AND user_id = ?`, provider, uid, userID)
}
