package sqlstore

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/users"
)

// Directory implements storage.Store.
func (s *Store) Directory() users.Directory { return s }

// CreateUserAs implements users.Directory.
func (s *Store) CreateUserAs(ctx context.Context, id string, u authn.NewUser) (*authn.User, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || number < 1 || number > maxUserID || strconv.FormatInt(number, 10) != id {
		return nil, users.ErrInvalidID
	}
	return s.createUser(ctx, number, u)
}

// UpdateUser implements users.Directory.
func (s *Store) UpdateUser(ctx context.Context, u authn.User) error {
	number, err := strconv.ParseInt(u.ID, 10, 64)
	if err != nil {
		return authn.ErrNotFound
	}
	extra, err := json.Marshal(u.Extra)
	if err != nil {
		return fmt.Errorf("sqlstore: update user: %w", err)
	}
	return s.updateOne(ctx, "update user", `{users}`, `username = ?, display = ?, disabled = ?, extra = ?`,
		[]any{u.Username, s.dialect.freeText(u.Display), u.Disabled, string(extra)}, `id = ?`, []any{number})
}

// ReleaseUsernames implements users.Directory.
func (s *Store) ReleaseUsernames(ctx context.Context, userID string) error {
	_, err := s.exec(ctx, "release usernames", `DELETE FROM {usernames} WHERE user_id = ?`, userID)
	return err
}

// position is where a page ends: at a text, or else at a time, and at a user.
type position struct {
	Text string `json:"t,omitempty"`
	At   int64  `json:"a,omitempty"`
	ID   string `json:"i"`
}

func (p position) cursor() (string, error) {
	text, err := json.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(text), err
}

// positionOf decodes a cursor. The empty one is before the first user.
func positionOf(cursor string) (p position, err error) {
	if cursor == "" {
		return position{At: 1<<63 - 1}, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(text, &p) != nil {
		return p, users.ErrInvalidCursor
	}
	return p, nil
}

// ListUsers implements users.Directory.
func (s *Store) ListUsers(ctx context.Context, f users.Filter) (ids []string, next string, err error) {
	from, err := positionOf(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	var list []position
	if f.Prefix == "" {
		list, err = s.newestUsers(ctx, f, from)
	} else {
		list, err = s.usersByPrefix(ctx, f, from)
	}
	if err != nil {
		return nil, "", err
	}
	for _, p := range list[:min(len(list), f.Limit)] {
		ids = append(ids, p.ID)
	}
	if len(list) > f.Limit {
		next, err = list[f.Limit-1].cursor()
	}
	return ids, next, err
}

// newestUsers returns f.Limit users and, if there are more, the next one.
func (s *Store) newestUsers(ctx context.Context, f users.Filter, from position) ([]position, error) {
	last, err := strconv.ParseInt("0"+from.ID, 10, 64)
	if err != nil || from.Text != "" {
		return nil, users.ErrInvalidCursor
	}
	where, args := `created_at <= ? AND (created_at < ? OR id < ?)`, []any{from.At, from.At, last}
	if f.Disabled != nil {
		where, args = `disabled = ? AND `+where, append([]any{*f.Disabled}, args...)
	}
	return rows(ctx, s, "list users", `SELECT id, created_at FROM {users} WHERE `+where+` ORDER BY created_at DESC, id DESC LIMIT ?`, append(args, f.Limit+1),
		func(scan func(...any) error) (p position, err error) {
			var id int64
			err = scan(&id, &p.At)
			p.ID = strconv.FormatInt(id, 10)
			return p, err
		})
}

// named is a table of texts by which users are found. unique texts need not be ordered
// by the user, too, for which MySQL would sort all of them.
type named struct {
	table, column string
	unique        bool
}

var (
	byName  = []named{{"{usernames}", "name", true}, {"{emails}", "email", false}}
	byPhone = []named{{"{phones}", "number", false}}
)

// usersByPrefix is newestUsers for users with a text that begins with the prefix, in the
// order of these texts. A user with several of them is found by the first one.
func (s *Store) usersByPrefix(ctx context.Context, f users.Filter, from position) ([]position, error) {
	if from.Text == "" && from.ID != "" {
		return nil, users.ErrInvalidCursor
	}
	tables := byName
	if f.ByPhone() {
		tables = byPhone
	}
	var list []position
	for i := range tables {
		found, err := s.usersIn(ctx, tables, i, f, from)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	slices.SortFunc(list, func(a, b position) int { return cmp.Or(strings.Compare(a.Text, b.Text), strings.Compare(a.ID, b.ID)) })
	return list[:min(len(list), f.Limit+1)], nil
}

// usersIn returns the users of usersByPrefix whose first text is in the table at.
func (s *Store) usersIn(ctx context.Context, tables []named, at int, f users.Filter, from position) ([]position, error) {
	column, userID := "k."+tables[at].column+s.dialect.collate, "k.user_id"+s.dialect.collate
	where := fmt.Sprintf(`%[1]s >= ? AND %[1]s < ? AND (%[1]s > ? OR %[2]s > ?)`, column, userID)
	// U+10FFFF is no character, and its bytes are greater than those of any other.
	args := []any{max(f.Prefix, from.Text), f.Prefix + "\U0010FFFF", from.Text, from.ID}
	if f.Disabled != nil {
		where += ` AND u.disabled = ?`
		args = append(args, *f.Disabled)
	}
	for i, other := range tables {
		before := "<"
		if i < at {
			before = "<="
		}
		where += fmt.Sprintf(` AND NOT EXISTS (SELECT 1 FROM %[1]s o WHERE o.user_id = k.user_id AND o.%[2]s >= ? AND o.%[2]s %[3]s %[4]s)`,
			other.table, other.column+s.dialect.collate, before, column)
		args = append(args, f.Prefix)
	}
	order := column
	if !tables[at].unique {
		order += ", " + userID
	}
	return rows(ctx, s, "find users", fmt.Sprintf(`SELECT %[1]s, k.user_id FROM %[2]s k %[6]s {users} u ON %[3]s WHERE %[4]s ORDER BY %[5]s LIMIT ?`,
		column, tables[at].table, strings.ReplaceAll(s.dialect.sessionUser, "s.user_id", "k.user_id"), where, order, s.dialect.inOrder), append(args, f.Limit+1),
		func(scan func(...any) error) (p position, err error) {
			err = scan(&p.Text, &p.ID)
			return p, err
		})
}

const deletionColumns = `user_id, requested_at, due_at`

func scanDeletion(scan func(...any) error) (d users.Deletion, err error) {
	var requested, due int64
	err = scan(&d.UserID, &requested, &due)
	d.RequestedAt, d.DueAt = fromMicros(requested), fromMicros(due)
	return d, err
}

// ScheduleDeletion implements users.DeletionStore.
func (s *Store) ScheduleDeletion(ctx context.Context, d users.Deletion) error {
	return s.insert(ctx, "schedule deletion", `{deletions} (`+deletionColumns+`) VALUES (?, ?, ?)`, d.UserID, micros(d.RequestedAt), micros(d.DueAt))
}

// DeletionByUser implements users.DeletionStore.
func (s *Store) DeletionByUser(ctx context.Context, userID string) (*users.Deletion, error) {
	d, err := scanDeletion(func(targets ...any) error {
		return s.row(ctx, "load deletion", `SELECT `+deletionColumns+` FROM {deletions} WHERE user_id = ?`, []any{userID}, targets...)
	})
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// CancelDeletion implements users.DeletionStore.
func (s *Store) CancelDeletion(ctx context.Context, userID string) error {
	return s.execOne(ctx, "cancel deletion", authn.ErrNotFound, `DELETE FROM {deletions} WHERE user_id = ?`, userID)
}

// DueDeletions implements users.DeletionStore.
func (s *Store) DueDeletions(ctx context.Context, now time.Time, after string, limit int) ([]users.Deletion, error) {
	return rows(ctx, s, "list due deletions", `SELECT `+deletionColumns+` FROM {deletions} WHERE due_at <= ? AND user_id`+s.dialect.collate+` > ? ORDER BY user_id`+s.dialect.collate+` LIMIT ?`,
		[]any{micros(now), after, limit}, scanDeletion)
}
