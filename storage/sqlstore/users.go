package sqlstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// CreateUser implements authn.UserStore.
func (s *Store) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	// Random ids do not tell how many users there are. JavaScript numbers hold 53
	// bits.
	id, err := rand.Int(s.random, big.NewInt(maxUserID))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: create user: %w", err)
	}
	return s.createUser(ctx, id.Int64(), u)
}

// maxUserID is the largest id of a user.
const maxUserID = 1<<53 - 1

// createUser stores a user. It returns authn.ErrConflict if the id exists.
func (s *Store) createUser(ctx context.Context, id int64, u authn.NewUser) (*authn.User, error) {
	extra, err := json.Marshal(u.Extra)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: create user: %w", err)
	}
	user := &authn.User{
		ID: strconv.FormatInt(id, 10), Username: u.Username, Display: s.dialect.freeText(u.Display), CreatedAt: fromMicros(micros(time.Now())),
	}
	err = s.insert(ctx, "create user", `{users} (id, username, display, extra, created_at) VALUES (?, ?, ?, ?, ?)`,
		id, user.Username, user.Display, string(extra), micros(user.CreatedAt))
	if err != nil {
		return nil, err
	}
	return user, readExtra(extra, user) // as it is stored
}

// UserByID implements authn.UserStore.
func (s *Store) UserByID(ctx context.Context, id string) (*authn.User, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, authn.ErrNotFound
	}
	user := authn.User{ID: id}
	var extra []byte
	var created int64
	err = s.row(ctx, "load user", `SELECT username, display, disabled, extra, created_at FROM {users} WHERE id = ?`, []any{number},
		&user.Username, &user.Display, &user.Disabled, &extra, &created)
	if err != nil {
		return nil, err
	}
	user.CreatedAt = fromMicros(created)
	return &user, readExtra(extra, &user)
}

// readExtra decodes the column extra.
func readExtra(extra []byte, user *authn.User) error {
	if string(extra) == "null" {
		return nil
	}
	if err := json.Unmarshal(extra, &user.Extra); err != nil {
		return fmt.Errorf("sqlstore: load user: %w", err)
	}
	return nil
}

// ClaimUsername implements account.UsernameStore.
func (s *Store) ClaimUsername(ctx context.Context, userID, canonical string) error {
	return s.insert(ctx, "claim username", `{usernames} (name, user_id) VALUES (?, ?)`, canonical, userID)
}

// UserIDByUsername implements account.UsernameStore.
func (s *Store) UserIDByUsername(ctx context.Context, canonical string) (string, error) {
	var id string
	err := s.row(ctx, "look up username", `SELECT user_id FROM {usernames} WHERE name = ?`, []any{canonical}, &id)
	return id, err
}

// PasswordHash implements account.PasswordStore.
func (s *Store) PasswordHash(ctx context.Context, userID string) (string, error) {
	var hash string
	err := s.row(ctx, "load password", `SELECT hash FROM {passwords} WHERE user_id = ?`, []any{userID}, &hash)
	return hash, err
}

// SwapPasswordHash implements account.PasswordStore.
func (s *Store) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	if old == "" {
		return s.insert(ctx, "set password", `{passwords} (user_id, hash) VALUES (?, ?)`, userID, new)
	}
	if old == new {
		return s.keepPassword(ctx, userID, old)
	}
	return s.execOne(ctx, "change password", authn.ErrConflict,
		`UPDATE {passwords} SET hash = ? WHERE user_id = ? AND hash = ?`, new, userID, old)
}

// NextPasswordHash implements account.PasswordStore.
func (s *Store) NextPasswordHash(ctx context.Context, from string) (string, error) {
	var hash string
	column := `hash` + s.dialect.collate
	err := s.row(ctx, "look up password hash", `SELECT hash FROM {passwords} WHERE `+column+` >= ? ORDER BY `+column+` LIMIT 1`, []any{from}, &hash)
	return hash, err
}

// keepPassword is a swap to the same hash, which MySQL would not count.
func (s *Store) keepPassword(ctx context.Context, userID, hash string) error {
	stored, err := s.PasswordHash(ctx, userID)
	if errors.Is(err, authn.ErrNotFound) || err == nil && stored != hash {
		return authn.ErrConflict
	}
	return err
}
