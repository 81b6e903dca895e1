package storage_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// careful is the users of a host, who looks into the store of the library before
// it stores one, without the context that it was given.
type careful struct {
	authn.UserStore
	store  storage.Store
	before context.Context
	looked chan error
}

func (c careful) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	list, err := c.store.EmailsByAddress(c.before, u.Email)
	if err == nil && len(list) > 0 {
		err = errors.New("the address is there before its user")
	}
	c.looked <- err
	return c.UserStore.CreateUser(ctx, u)
}

// A host that reads the store inside of the transaction of a sign-up, but not as a
// part of it, reads what was committed last, and does not wait for itself.
func TestAHostReadsTheStoreDuringASignUp(t *testing.T) {
	t.Parallel()
	base := memstore.New()
	looked := make(chan error, 1)
	s := clienttest.StartOn(t, storage.Compose(base, storage.Parts{Users: careful{base, base, t.Context(), looked}}))
	c := s.Client(clienttest.App)
	c.HTTP.Timeout = 10 * time.Second
	c.Post("auth/signup", clienttest.Body{"email": ann, "password": clienttest.Password}).Status(401).Pending("verify_email")
	if err := <-looked; err != nil {
		t.Error(err)
	}
}

// approving is the users of a host, who approves of each before they log in, and tells
// no more than the id of a new one.
type approving struct{ *memstore.Store }

func (a approving) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	user, err := a.Store.CreateUser(ctx, u)
	if err != nil {
		return nil, err
	}
	return &authn.User{ID: user.ID}, a.SetDisabled(ctx, user.ID, true)
}

// A new user whom the host has disabled is not logged in, whatever its CreateUser
// returns.
func TestAHostDisablesNewUsers(t *testing.T) {
	t.Parallel()
	base := memstore.New()
	s := clienttest.StartOn(t, storage.Compose(base, storage.Parts{Users: approving{base}}), func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationNone
	})
	c := s.Client(clienttest.App)
	c.Post("auth/signup", clienttest.Body{"email": ann, "password": clienttest.Password}).Status(401)
	c.Get("auth/session").Status(401)
}
