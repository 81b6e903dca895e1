package storage_test

import (
	"context"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// staff are users that the host already has.
type staff map[string]string

func (staff) CreateUser(context.Context, authn.NewUser) (*authn.User, error) {
	return nil, authn.ErrConflict // this host creates no users
}

func (s staff) UserByID(_ context.Context, id string) (*authn.User, error) {
	name, ok := s[id]
	if !ok {
		return nil, authn.ErrNotFound
	}
	return &authn.User{ID: id, Display: name}, nil
}

// The host keeps the users, the library everything else.
func Example() {
	store := storage.Compose(memstore.New(), storage.Parts{Users: staff{"7": "Ann"}})
	user, err := store.UserByID(context.Background(), "7")
	fmt.Println(user.Display, err)
	// Output: Ann <nil>
}
