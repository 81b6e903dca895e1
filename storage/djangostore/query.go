package djangostore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// query converts a query of this package to one for the database: {name} becomes the name
// of a table beside Django's or of the table of users, [name] a column of users, ? a
// placeholder and ?key the placeholder of a user's key.
func (s *Store) query(text string) string {
	if known, ok := s.queries.Load(text); ok {
		return known.(string)
	}
	u := s.cfg.Users
	names := strings.NewReplacer(
		"{users}", `"`+u.Table+`"`,
		"[id]", `"`+u.ID+`"`, "[username]", `"`+u.Username+`"`, "[email]", `"`+u.Email+`"`, "[password]", `"`+u.Password+`"`,
		"[last_login]", `"`+u.LastLogin+`"`, "[is_active]", `"`+u.IsActive+`"`, "[date_joined]", `"`+u.DateJoined+`"`,
		"{", s.cfg.TablePrefix, "}", "",
	)
	query := s.placeholders(names.Replace(text))
	s.queries.Store(text, query)
	return query
}

func (s *Store) placeholders(query string) string {
	if !s.postgres {
		return strings.ReplaceAll(query, "?key", "?")
	}
	cast := "bigint"
	if s.cfg.Users.Key == UUID {
		cast = "uuid"
	}
	var b strings.Builder
	n := 0
	for {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		placeholder := "$" + strconv.Itoa(n)
		if rest, ok := strings.CutPrefix(after, "key"); ok {
			placeholder, after = "CAST("+placeholder+" AS "+cast+")", rest
		}
		b.WriteString(placeholder)
		query = after
	}
}

// forUpdate locks the rows of a table that a SELECT reads. SQLite has one writer at a
// time.
func (s *Store) forUpdate(of string) string {
	if !s.postgres {
		return ""
	}
	return " FOR UPDATE OF " + of
}

// key converts the id of a user to the value of the primary key. It returns false for ids
// that the table cannot have.
func (s *Store) key(userID string) (any, bool) {
	if s.cfg.Users.Key == UUID {
		parsed, err := uuid.Parse(userID)
		if err != nil || parsed.String() != userID {
			return nil, false
		}
		if s.postgres {
			return userID, true
		}
		return hex.EncodeToString(parsed[:]), true
	}
	number, err := strconv.ParseInt(userID, 10, 64)
	if err != nil || strconv.FormatInt(number, 10) != userID {
		return nil, false
	}
	return number, true
}

// userID converts a primary key, as text, to the id of a user.
func (s *Store) userID(key string) string {
	if s.cfg.Users.Key == UUID {
		if parsed, err := uuid.Parse(key); err == nil {
			return parsed.String()
		}
	}
	return key
}

// storable reports whether the database can store the texts: PostgreSQL can store
// neither zero bytes nor texts that are not UTF-8. Such texts are in no row.
func (s *Store) storable(texts ...string) bool {
	for _, text := range texts {
		if s.postgres && (strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text)) {
			return false
		}
	}
	return true
}

// plain returns a text without what PostgreSQL cannot store.
func plain(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}

// cut returns the first n characters of a text.
func cut(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}

// exec runs a statement and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, what, text string, args ...any) (int64, error) {
	result, err := sqlstore.Conn(ctx, s.db).ExecContext(ctx, s.query(text), args...)
	if err != nil {
		return 0, failed(what, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, failed(what, err)
	}
	return n, nil
}

// row scans one row into the targets, or returns authn.ErrNotFound.
func (s *Store) row(ctx context.Context, what, text string, args []any, targets ...any) error {
	err := sqlstore.Conn(ctx, s.db).QueryRowContext(ctx, s.query(text), args...).Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		return authn.ErrNotFound
	}
	return failed(what, err)
}

// rows returns all rows of a query.
func rows[T any](ctx context.Context, s *Store, what, text string, args []any, scan func(scan func(...any) error) (T, error)) (list []T, err error) {
	result, err := sqlstore.Conn(ctx, s.db).QueryContext(ctx, s.query(text), args...)
	if err != nil {
		return nil, failed(what, err)
	}
	defer func() { _ = result.Close() }() // result.Err below returns its error
	for result.Next() {
		item, err := scan(result.Scan)
		if err != nil {
			return nil, failed(what, err)
		}
		list = append(list, item)
	}
	return list, failed(what, result.Err())
}

// failed wraps the error of a step.
func failed(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "no such table"), sqlState(err) == "42P01":
		return fmt.Errorf("djangostore: %s: %w; call Migrate at start, and check Config.Users", what, err)
	}
	return fmt.Errorf("djangostore: %s: %w", what, err)
}

// isDuplicate reports whether a unique value is taken.
func isDuplicate(err error) bool {
	var coder interface{ Code() int }
	return sqlState(err) == "23505" || errors.As(err, &coder) && (coder.Code() == 2067 || coder.Code() == 1555)
}

// conflict returns authn.ErrConflict for a unique value that is taken.
func conflict(err error) error {
	if isDuplicate(err) {
		return authn.ErrConflict
	}
	return err
}

func sqlState(err error) string {
	var stater interface{ SQLState() string }
	if errors.As(err, &stater) {
		return stater.SQLState()
	}
	return ""
}

// sqliteTime is how Django stores a time in SQLite, in UTC.
const sqliteTime = "2006-01-02 15:04:05.000000"

// timeValue returns a time as the database keeps it. The zero time is NULL.
func (s *Store) timeValue(t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case s.postgres:
		return t.UTC().Truncate(time.Microsecond)
	}
	return t.UTC().Format(sqliteTime)
}

// timeColumn selects a time so that stored scans it.
func (s *Store) timeColumn(column string) string {
	if s.postgres {
		return column
	}
	return "CAST(" + column + " AS TEXT)"
}

// stored is the target of a column that timeColumn selects.
type stored struct{ time.Time }

// Scan implements sql.Scanner.
func (t *stored) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		return nil
	case time.Time:
		t.Time = v.UTC()
		return nil
	case string:
		for _, layout := range []string{"2006-01-02 15:04:05.999999", "2006-01-02 15:04:05.999999-07:00", time.RFC3339Nano} {
			if parsed, err := time.Parse(layout, v); err == nil {
				t.Time = parsed.UTC()
				return nil
			}
		}
	}
	return fmt.Errorf("%v is not a time", value)
}
