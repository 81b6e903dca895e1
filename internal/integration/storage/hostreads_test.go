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

// careful is the users of a host that reads the library's store before it stores
// one, without the context of the call.
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

// A host that reads the store during the transaction of a sign-up, but not in it,
// reads what was last committed, and does not block itself.
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

// approving is the users of a host that approves each user before they log in,
// and returns only the id of a new one.
type approving struct{ *memstore.Store }

func (a approving) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	user, err := a.Store.CreateUser(ctx, u)
	if err != nil {
		return nil, err
	}
	user.Disabled = true
	return &authn.User{ID: user.ID}, a.UpdateUser(ctx, *user)
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
