package storage_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage/memstore"
)

// bounded is an scs store that counts the reads whose context ends.
type bounded struct {
	scs.CtxStore
	reads atomic.Int64
}

func (b *bounded) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	if ctx.Done() != nil {
		b.reads.Add(1)
	}
	return b.CtxStore.FindCtx(ctx, token)
}

// A store for session data gets the request's context even if the host wraps it.
func TestWrappedSessionDataStoreGetsTheContext(t *testing.T) {
	t.Parallel()
	data := &bounded{CtxStore: sessions.IgnoreContext(scsmemstore.NewWithCleanupInterval(0))}
	s := clienttest.StartOn(t, memstore.New(), func(cfg *allauth.Config) { cfg.Sessions.Store = struct{ scs.CtxStore }{data} })
	c := s.SignUp(clienttest.App, "ann@example.org")
	c.Get("auth/session").LoggedIn("ann@example.org")
	if data.reads.Load() == 0 {
		t.Error("no read of session data ends with its request")
	}
}
