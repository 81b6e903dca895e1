package authn_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/allauth-go/allauth/authn"
)

// users is the host's own user table, here a slice.
type users []authn.User

func (u *users) CreateUser(_ context.Context, n authn.NewUser) (*authn.User, error) {
	created := authn.User{ID: strconv.Itoa(len(*u) + 1), Username: n.Username, Display: n.Display}
	*u = append(*u, created)
	return &created, nil
}

func (u *users) UserByID(_ context.Context, id string) (*authn.User, error) {
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > len(*u) {
		return nil, authn.ErrNotFound
	}
	return &(*u)[n-1], nil
}

// A host with its own user table implements two methods. With storage.Compose
// everything else is kept in a store of the library.
func ExampleUserStore() {
	ctx := context.Background()
	var store authn.UserStore = &users{}
	ann, err := store.CreateUser(ctx, authn.NewUser{Username: "ann", Email: "ann@example.org"})
	fmt.Println(ann.ID, err)
	_, err = store.UserByID(ctx, "2")
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// authn: not found
}
