package sessions_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
)

// interruptedSave is a store that calls a function just before a session is
// saved.
type interruptedSave struct {
	storage.Store
	mu     sync.Mutex
	before func()
}

func (i *interruptedSave) interrupt(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.before = f
}

func (i *interruptedSave) SaveSession(ctx context.Context, row sessions.Row, loaded []byte) error {
	i.mu.Lock()
	before := i.before
	i.before = nil
	i.mu.Unlock()
	if before != nil {
		before()
	}
	return i.Store.SaveSession(ctx, row, loaded)
}

// Two concurrent requests of one session keep the changes of both: the
// authentication of one, and the app that the other one is setting up.
func TestTwoChangesOfOneSessionAtOnce(t *testing.T) {
	t.Parallel()
	store := &interruptedSave{Store: teststore.Open(t)}
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} })
	c := s.SignUp(clienttest.App, "ann@example.org")
	other := c.Clone()
	var secret string
	store.interrupt(func() {
		secret, _ = other.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	})
	c.Post("auth/reauthenticate", clienttest.Body{"password": clienttest.Password}).Status(200)
	if methods, _ := c.Get("auth/session").Value("data", "methods").([]any); len(methods) != 2 {
		t.Errorf("proofs: %v", methods)
	}
	code, err := totp.GenerateCode(secret, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.Post("account/authenticators/totp", clienttest.Body{"code": code}).Status(200)
}

// A request that drops a login which has expired does not drop the one that another
// request has begun meanwhile.
func TestLoginBegunWhileAnExpiredOneIsDropped(t *testing.T) {
	t.Parallel()
	store := &interruptedSave{Store: teststore.Open(t)}
	s := clienttest.StartOn(t, store)
	for _, email := range []string{"ann@example.org", "bob@example.org"} {
		s.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": email, "password": clienttest.Password}).Status(401)
	}
	c := s.Client(clienttest.App)
	c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(401).Pending("verify_email")
	s.Clock.Advance(50 * time.Minute)
	other := c.Clone()
	store.interrupt(func() {
		other.Post("auth/login", clienttest.Body{"email": "bob@example.org", "password": clienttest.Password}).Status(401).Pending("verify_email")
	})
	c.Get("auth/session").Status(401)
	c.Get("auth/session").Status(401).Pending("verify_email")
}
