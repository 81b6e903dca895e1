package djangostore

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// noAddress is the end of an address that no mail reaches, for a user without an address
// in a column that must be unique. No mail server has a name below .invalid.
const noAddress = "@unknown.invalid"

// usernameLength is the length of the longest username that Django's own user model
// keeps.
const usernameLength = 150

// CreateUser implements authn.UserStore.
func (s *Store) CreateUser(ctx context.Context, n authn.NewUser) (user *authn.User, err error) {
	err = s.atomically(ctx, func(ctx context.Context) error {
		user, err = s.createUser(ctx, n)
		return err
	})
	return user, err
}

func (s *Store) createUser(ctx context.Context, n authn.NewUser) (*authn.User, error) {
	t, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	values, err := s.newRow(ctx, t, n)
	if err != nil {
		return nil, err
	}
	if !s.postgres && s.cfg.Users.Key == Integer {
		if values[s.cfg.Users.ID], err = s.nextID(ctx); err != nil {
			return nil, err
		}
	}
	var names, marks []string
	var args []any
	for name, value := range values {
		names, marks, args = append(names, `"`+name+`"`), append(marks, "?"), append(args, value)
	}
	var id string
	err = sqlstore.Conn(ctx, s.db).QueryRowContext(ctx, s.placeholders(s.query(`INSERT INTO {users} `)+`(`+strings.Join(names, ", ")+`) VALUES (`+
		strings.Join(marks, ", ")+`) RETURNING CAST("`+s.cfg.Users.ID+`" AS TEXT)`), args...).Scan(&id)
	if err != nil {
		return nil, conflict(failed("create user", err))
	}
	id = s.userID(id)
	if n.Display != "" || len(n.Extra) > 0 {
		if err := s.storeProfile(ctx, id, n); err != nil {
			return nil, err
		}
	}
	return s.UserByID(ctx, id)
}

// nextID returns an id that no transaction of this process has used, not even one that
// was rolled back: SQLite would use it again.
func (s *Store) nextID(ctx context.Context) (int64, error) {
	var last int64
	err := s.row(ctx, "create user", `SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = ?`, []any{s.cfg.Users.Table}, &last)
	for err == nil {
		before := s.lastID.Load()
		if next := max(last, before) + 1; s.lastID.CompareAndSwap(before, next) {
			return next, nil
		}
	}
	return 0, err
}

// newRow returns the columns of a new user.
func (s *Store) newRow(ctx context.Context, t *tables, n authn.NewUser) (map[string]any, error) {
	u, now := s.cfg.Users, s.timeValue(s.cfg.Now())
	values := map[string]any{}
	for _, c := range t.columns {
		if c.required && !c.hasDefault {
			values[c.name] = emptyValue(c.kind, now)
		}
	}
	if u.Columns != nil {
		for name, value := range u.Columns(n) {
			if !namePattern.MatchString(name) {
				return nil, fmt.Errorf("djangostore: create user: Config.Users.Columns returned the column %q; use letters, digits and underscores", name)
			}
			values[name] = value
		}
	}
	unusable, err := unusablePassword()
	if err != nil {
		return nil, err
	}
	values[u.Password] = unusable
	if u.IsActive != "" {
		values[u.IsActive] = true
	}
	if u.DateJoined != "" {
		values[u.DateJoined] = now
	}
	if u.Email != "" {
		values[u.Email] = ""
		if t.uniqueEmail {
			values[u.Email] = uuid.NewString() + noAddress
		}
	}
	if u.Username != "" {
		if values[u.Username] = n.Username; n.Username == "" {
			if values[u.Username], err = s.makeUsername(ctx, n); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case u.Key != UUID:
		delete(values, u.ID)
	case s.postgres:
		values[u.ID] = uuid.NewString()
	default:
		values[u.ID] = strings.ReplaceAll(uuid.NewString(), "-", "")
	}
	return values, nil
}

// emptyValue returns the value of a column that must not be NULL and that the library
// knows nothing of.
func emptyValue(kind string, now any) any {
	switch {
	case strings.Contains(kind, "bool"):
		return false
	case strings.Contains(kind, "int"), strings.Contains(kind, "numeric"), strings.Contains(kind, "decimal"), strings.Contains(kind, "real"), strings.Contains(kind, "double"):
		return 0
	case strings.Contains(kind, "date"), strings.Contains(kind, "time"):
		return now
	case strings.Contains(kind, "json"):
		return "{}"
	case strings.Contains(kind, "uuid"):
		return uuid.NewString()
	}
	return ""
}

const unusableAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// randomText returns a random text of letters and digits.
func randomText(alphabet string, size int) (string, error) {
	text := make([]byte, size)
	for i := range text {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", fmt.Errorf("djangostore: read random bytes: %w", err)
		}
		text[i] = alphabet[n.Int64()]
	}
	return string(text), nil
}

// unusablePassword returns what Django stores for a user without a password.
func unusablePassword() (string, error) {
	text, err := randomText(unusableAlphabet, 40)
	return password.Unusable + text, err
}

// makeUsername makes up a username for a column that must not be empty, of the beginning
// of the address.
func (s *Store) makeUsername(ctx context.Context, n authn.NewUser) (string, error) {
	local, _, _ := strings.Cut(n.Email, "@")
	base := cut(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-+", r) {
			return r
		}
		return -1
	}, strings.ToLower(local)), usernameLength-9)
	base = cmp.Or(base, "user")
	for digits := 0; ; digits++ {
		suffix, err := randomText("0123456789", digits)
		if err != nil {
			return "", err
		}
		taken, err := s.usernameOwners(ctx, base+suffix)
		if err != nil || len(taken) == 0 || digits == 9 {
			return base + suffix, err
		}
	}
}

// storeProfile stores what Django has no columns for.
func (s *Store) storeProfile(ctx context.Context, userID string, n authn.NewUser) error {
	extra, err := json.Marshal(n.Extra)
	if err != nil {
		return fmt.Errorf("djangostore: create user: %w", err)
	}
	_, err = s.exec(ctx, "create user", `INSERT INTO {django_users} (user_id, display, extra) VALUES (?, ?, ?)`, userID, plain(n.Display), plain(string(extra)))
	return err
}

// selected returns a column of users, or the value that stands for a missing one.
func selected(column, name, missing string) string {
	if column == "" {
		return missing
	}
	return "u." + name
}

// UserByID implements authn.UserStore. Username is the one in Django's column, which
// Django makes up for users who have not chosen one.
func (s *Store) UserByID(ctx context.Context, id string) (*authn.User, error) {
	key, ok := s.key(id)
	if !ok {
		return nil, cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	u := s.cfg.Users
	user := authn.User{ID: id}
	var active bool
	var joined stored
	var display, extra *string
	err := s.row(ctx, "load user", `SELECT `+selected(u.Username, "[username]", "''")+`, `+selected(u.IsActive, "[is_active]", "TRUE")+`, `+
		s.timeColumn(selected(u.DateJoined, "[date_joined]", "NULL"))+`, d.display, d.extra
		FROM {users} u LEFT JOIN {django_users} d ON d.user_id = ? WHERE u.[id] = ?key`, []any{id, key}, &user.Username, &active, &joined, &display, &extra)
	if err != nil {
		return nil, err
	}
	user.Disabled, user.CreatedAt = !active, joined.Time
	if display != nil {
		user.Display = *display
		if err := json.Unmarshal([]byte(*extra), &user.Extra); err != nil {
			return nil, fmt.Errorf("djangostore: load user %s: %w", id, err)
		}
	}
	return &user, nil
}

// usernameOwners returns the ids of users whose username is the canonical one, in any
// case.
func (s *Store) usernameOwners(ctx context.Context, canonical string) ([]string, error) {
	if s.cfg.Users.Username == "" || !s.storable(canonical) {
		return nil, nil
	}
	return rows(ctx, s, "look up username", `SELECT CAST([id] AS TEXT) FROM {users} WHERE lower([username]) = ? ORDER BY [id]`, []any{canonical},
		func(scan func(...any) error) (string, error) {
			key, err := scanText(scan)
			return s.userID(key), err
		})
}

// ClaimUsername implements account.UsernameStore. The claim is a row beside, and
// Django's column follows it.
func (s *Store) ClaimUsername(ctx context.Context, userID, canonical string) error {
	key, ok := s.key(userID)
	if s.cfg.Users.Username == "" || !ok {
		return s.Store.ClaimUsername(ctx, userID, canonical)
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.lockText(ctx, "username "+canonical); err != nil {
			return err
		}
		owners, err := s.usernameOwners(ctx, canonical)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(owners, func(id string) bool { return id != userID }) {
			return authn.ErrConflict
		}
		if err := s.claim(ctx, userID, canonical, len(owners) > 0); err != nil || len(owners) > 0 {
			return err
		}
		var current string
		err = s.row(ctx, "load user", `SELECT [username] FROM {users} WHERE [id] = ?key`, []any{key}, &current)
		if errors.Is(err, authn.ErrNotFound) || err == nil && sameName(current, canonical) {
			return nil // the database folds fewer letters than identifier.Username
		}
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, "change username", `UPDATE {users} SET [username] = ? WHERE [id] = ?key`, canonical, key)
		return conflict(err)
	})
}

// claim stores the claim of a username. That of a user whom Django has given another name
// since has ended.
func (s *Store) claim(ctx context.Context, userID, canonical string, has bool) error {
	owner, err := s.Store.UserIDByUsername(ctx, canonical)
	if err == nil && (owner != userID || !has) {
		valid, err := s.claimHolds(ctx, owner, canonical)
		if err != nil {
			return err
		}
		if !valid {
			_, err = s.exec(ctx, "end the claim of a username", `DELETE FROM {usernames} WHERE name = ?`, canonical)
		}
		if err != nil {
			return err
		}
	} else if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return err
	}
	return s.Store.ClaimUsername(ctx, userID, canonical)
}

// claimHolds reports whether the user still has that name.
func (s *Store) claimHolds(ctx context.Context, userID, canonical string) (bool, error) {
	user, err := s.UserByID(ctx, userID)
	if errors.Is(err, authn.ErrNotFound) {
		return false, nil
	}
	return err == nil && sameName(user.Username, canonical), err
}

// sameName reports whether two usernames differ at most in case.
func sameName(a, b string) bool { return identifier.Username(a) == identifier.Username(b) }

// UserIDByUsername implements account.UsernameStore.
func (s *Store) UserIDByUsername(ctx context.Context, canonical string) (string, error) {
	if s.cfg.Users.Username == "" {
		return s.Store.UserIDByUsername(ctx, canonical)
	}
	owners, err := s.usernameOwners(ctx, canonical)
	if err != nil {
		return "", err
	}
	owner, err := s.Store.UserIDByUsername(ctx, canonical)
	switch {
	case len(owners) == 1:
		return owners[0], nil
	case len(owners) > 1: // Django tells names apart that differ in case
		if err == nil && slices.Contains(owners, owner) {
			return owner, nil
		}
		return s.exactOwner(ctx, canonical, owners[0])
	case err != nil:
		return "", err
	}
	valid, err := s.claimHolds(ctx, owner, canonical)
	if err == nil && !valid {
		err = authn.ErrNotFound
	}
	return owner, err
}

// exactOwner returns the user who has exactly that username, or else the first one.
func (s *Store) exactOwner(ctx context.Context, username, first string) (string, error) {
	var key string
	err := s.row(ctx, "look up username", `SELECT CAST([id] AS TEXT) FROM {users} WHERE [username] = ?`, []any{username}, &key)
	if errors.Is(err, authn.ErrNotFound) {
		return first, nil
	}
	return s.userID(key), err
}

// PasswordHash implements account.PasswordStore.
func (s *Store) PasswordHash(ctx context.Context, userID string) (string, error) {
	key, ok := s.key(userID)
	if !ok {
		return "", cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	var hash string
	err := s.row(ctx, "load password", `SELECT [password] FROM {users} WHERE [id] = ?key`, []any{key}, &hash)
	if err == nil && !usable(hash) {
		return "", authn.ErrNotFound
	}
	return hash, err
}

// usable reports whether a value of the column is a hash.
func usable(hash string) bool { return hash != "" && !strings.HasPrefix(hash, password.Unusable) }

// SwapPasswordHash implements account.PasswordStore. Django's column holds 128
// characters: the hashes of password.Config have at most that many.
func (s *Store) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	key, ok := s.key(userID)
	if !ok || !s.storable(old) {
		return cmp.Or(ctx.Err(), authn.ErrConflict)
	}
	condition, args := `[password] = ?`, []any{new, key, old}
	if old == "" {
		condition, args = `([password] = '' OR substr([password], 1, 1) = '!')`, []any{new, key}
	}
	n, err := s.exec(ctx, "change password", `UPDATE {users} SET [password] = ? WHERE [id] = ?key AND `+condition, args...)
	if err == nil && n == 0 {
		return authn.ErrConflict
	}
	return err
}

// NextPasswordHash implements account.PasswordStore.
func (s *Store) NextPasswordHash(ctx context.Context, from string) (string, error) {
	if !s.storable(from) {
		return "", cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	column := `[password]`
	if s.postgres {
		column += ` COLLATE "C"`
	}
	// The values of users without a password begin with "!", before any letter or "$".
	var hash string
	err := s.row(ctx, "look up password hash", `SELECT [password] FROM {users} WHERE `+column+` >= ? ORDER BY `+column+` LIMIT 1`, []any{max(from, `"`)}, &hash)
	return hash, err
}

// touchLogin stores the time of a login, as Django does.
func (s *Store) touchLogin(ctx context.Context, userID string, at time.Time) error {
	key, ok := s.key(userID)
	if !ok || s.cfg.Users.LastLogin == "" {
		return nil
	}
	_, err := s.exec(ctx, "store the time of the login", `UPDATE {users} SET [last_login] = ? WHERE [id] = ?key`, s.timeValue(at), key)
	return err
}

// lockText makes transactions that concern one text wait for each other until the end of
// the transaction. In SQLite they wait anyway.
func (s *Store) lockText(ctx context.Context, text string) error {
	if !s.postgres || !s.storable(text) {
		return nil
	}
	_, err := s.exec(ctx, "lock", `SELECT pg_advisory_xact_lock(hashtextextended(?, 7205759403792795))`, text)
	return err
}
