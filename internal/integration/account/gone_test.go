package account_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// emptied is a store whose users were deleted from the host's own table.
type emptied struct {
	storage.Store
	gone atomic.Bool
}

func (e *emptied) UserByID(ctx context.Context, id string) (*authn.User, error) {
	if e.gone.Load() {
		return nil, authn.ErrNotFound
	}
	return e.Store.UserByID(ctx, id)
}

// If a host has deleted a user without ForgetUser, no login and no session has
// that user.
func TestADeletedUserIsUnknown(t *testing.T) {
	t.Parallel()
	store := &emptied{Store: memstore.New()}
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) { cfg.Account.LoginByCode = &account.LoginByCodeConfig{} })
	c := s.SignUp(clienttest.App, "ann@example.org")
	store.gone.Store(true)
	c.Get("auth/session").Status(410)
	c = s.Client(clienttest.App)
	c.Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("password:email_password_mismatch")
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401).Pending("login_by_code")
	for range 2 {
		if kind := s.Mail("ann@example.org").Kind; kind != "account/unknown_account" {
			t.Errorf("a deleted user got %q", kind)
		}
	}
}
