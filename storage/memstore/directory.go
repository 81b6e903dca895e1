package memstore

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/users"
)

const deletionsByUser = 0

func newDeletions() table[users.Deletion] {
	return newTable(asIs, 1, func(d *users.Deletion) key { return key{text: d.UserID} })
}

// Directory implements storage.Store.
func (s *Store) Directory() users.Directory { return s }

// CreateUserAs implements users.Directory.
func (s *Store) CreateUserAs(ctx context.Context, id string, u authn.NewUser) (*authn.User, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || number < 1 || number > maxUserID || strconv.FormatInt(number, 10) != id {
		return nil, users.ErrInvalidID
	}
	return s.createUser(ctx, id, u)
}

// UpdateUser implements users.Directory.
func (s *Store) UpdateUser(ctx context.Context, u authn.User) error {
	return s.write(ctx, func(tx *snapshot) error {
		return tx.users.change(key{text: u.ID}, func(user *authn.User) error {
			user.Username, user.Display, user.Disabled, user.Extra = u.Username, u.Display, u.Disabled, u.Extra
			return nil
		})
	})
}

// ReleaseUsernames implements users.Directory.
func (s *Store) ReleaseUsernames(ctx context.Context, userID string) error {
	return s.write(ctx, func(tx *snapshot) error {
		tx.usernames.removeAll(usernamesByUser, userID)
		return nil
	})
}

// position is where a page ends: at the text by which a user was found, or else at the
// time of its creation.
type position struct {
	Text string `json:"t,omitempty"`
	At   int64  `json:"a,omitempty"`
	ID   string `json:"i"`
}

func (p position) compare(other position) int {
	return cmp.Or(strings.Compare(p.Text, other.Text), cmp.Compare(other.At, p.At), strings.Compare(p.ID, other.ID))
}

// ListUsers implements users.Directory. It goes through all users that match.
func (s *Store) ListUsers(ctx context.Context, f users.Filter) (ids []string, next string, err error) {
	var from position
	if f.Cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(f.Cursor)
		if err != nil || json.Unmarshal(text, &from) != nil || (from.Text == "") != (f.Prefix == "") {
			return nil, "", users.ErrInvalidCursor
		}
	}
	list, err := read(ctx, s, func(now *snapshot) ([]position, error) { return now.matching(f), nil })
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(list, position.compare)
	if f.Cursor != "" {
		list = slices.DeleteFunc(list, func(p position) bool { return p.compare(from) <= 0 })
	}
	for _, p := range list[:min(len(list), f.Limit)] {
		ids = append(ids, p.ID)
	}
	if len(list) > f.Limit {
		text, err := json.Marshal(list[f.Limit-1])
		return ids, base64.RawURLEncoding.EncodeToString(text), err
	}
	return ids, "", err
}

// matching returns the users whom the filter selects, each with the first of the texts
// that begin with the prefix.
func (now *snapshot) matching(f users.Filter) []position {
	found := map[string]position{}
	add := func(userID, text string) {
		u := now.users.get(usersByID, key{text: userID})
		if u == nil || f.Disabled != nil && *f.Disabled != u.Disabled || !strings.HasPrefix(text, f.Prefix) {
			return
		}
		if p, ok := found[userID]; !ok || text < p.Text {
			found[userID] = position{Text: text, At: u.CreatedAt.UnixMicro(), ID: userID}
		}
	}
	from := key{text: f.Prefix}
	switch {
	case f.Prefix == "":
		now.users.indexes[usersByID].ascend(from, func(k key, _ *authn.User) bool { add(k.text, ""); return true })
	case f.ByPhone():
		now.phones.indexes[phonesByNumber].ascend(from, func(k key, p *phone) bool { add(p.UserID, k.text); return strings.HasPrefix(k.text, f.Prefix) })
	default:
		now.usernames.indexes[usernamesByName].ascend(from, func(k key, u *username) bool { add(u.userID, k.text); return strings.HasPrefix(k.text, f.Prefix) })
		now.emails.indexes[emailsByAddress].ascend(from, func(k key, e *email) bool { add(e.UserID, k.text); return strings.HasPrefix(k.text, f.Prefix) })
	}
	var list []position
	for _, p := range found {
		list = append(list, p)
	}
	return list
}

// ScheduleDeletion implements users.DeletionStore.
func (s *Store) ScheduleDeletion(ctx context.Context, d users.Deletion) error {
	return s.write(ctx, func(tx *snapshot) error { return tx.deletions.add(d) })
}

// DeletionByUser implements users.DeletionStore.
func (s *Store) DeletionByUser(ctx context.Context, userID string) (*users.Deletion, error) {
	return read(ctx, s, func(now *snapshot) (*users.Deletion, error) {
		return now.deletions.load(deletionsByUser, key{text: userID})
	})
}

// CancelDeletion implements users.DeletionStore.
func (s *Store) CancelDeletion(ctx context.Context, userID string) error {
	return s.write(ctx, func(tx *snapshot) error {
		row, err := tx.deletions.load(deletionsByUser, key{text: userID})
		if err == nil {
			tx.deletions.remove(row)
		}
		return err
	})
}

// DueDeletions implements users.DeletionStore.
func (s *Store) DueDeletions(ctx context.Context, now time.Time, after string, limit int) ([]users.Deletion, error) {
	return read(ctx, s, func(snap *snapshot) (list []users.Deletion, _ error) {
		snap.deletions.indexes[deletionsByUser].ascend(key{text: after}, func(k key, d *users.Deletion) bool {
			if k.text > after && !d.DueAt.After(now) {
				list = append(list, *d)
			}
			return len(list) < limit
		})
		return list, nil
	})
}
