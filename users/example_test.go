package users_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/users"
)

// staff is the host's own user table, here a slice that is sorted by ID. Usernames are
// kept by the library's store, whose directory it embeds.
type staff struct {
	users.Directory
	rows []authn.User
}

func (s *staff) ListUsers(_ context.Context, f users.Filter) (ids []string, next string, err error) {
	for _, u := range s.rows {
		switch {
		case u.ID <= f.Cursor || f.Disabled != nil && *f.Disabled != u.Disabled || !strings.HasPrefix(strings.ToLower(u.Username), f.Prefix):
		case len(ids) == f.Limit:
			return ids, ids[len(ids)-1], nil
		default:
			ids = append(ids, u.ID)
		}
	}
	return ids, "", nil
}

func (s *staff) UpdateUser(_ context.Context, u authn.User) error {
	i := slices.IndexFunc(s.rows, func(row authn.User) bool { return row.ID == u.ID })
	if i < 0 {
		return authn.ErrNotFound
	}
	s.rows[i] = u
	return nil
}

// A host with its own user table lists and changes its users itself.
func ExampleDirectory() {
	ctx := context.Background()
	table := &staff{rows: []authn.User{{ID: "a1", Username: "Ann"}, {ID: "b2", Username: "Bob"}, {ID: "c3", Username: "Anton"}}}
	ids, next, err := table.ListUsers(ctx, users.Filter{Prefix: "an", Limit: 1})
	fmt.Println(ids, next, err)
	fmt.Println(table.UpdateUser(ctx, authn.User{ID: "d4"}))
	// Output:
	// [a1] a1 <nil>
	// authn: not found
}
