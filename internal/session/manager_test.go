package session_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage/memstore"
)

// A stored session has the id of its row until it is ended, also if a request changes
// nothing in it.
func TestTheSessionKeepsTheIDOfItsRow(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	m := session.New(session.WithDefaults(sessions.Config{}), session.Deps{
		Store: store, Tx: store, LoginTimeout: time.Hour, Now: time.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	})
	keep := func(ctx context.Context, a *session.Active) session.Outcome {
		t.Helper()
		outcome, err := m.Keep(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	load := func(ctx context.Context, token string) *session.Active {
		t.Helper()
		a, err := m.Load(ctx, login.App, authn.Client{}, session.FromApp(token)...)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	ctx := t.Context()
	a := load(ctx, "")
	if keep(ctx, a); a.RowID != "" {
		t.Errorf("a session that is not stored has the row %q", a.RowID)
	}
	login.Put(a.Session, &a.State.ProviderSignup, "1")
	token := keep(ctx, a).Token
	a = load(ctx, token)
	id := a.RowID
	if keep(ctx, a); id == "" || a.RowID != id {
		t.Errorf("row %q, then %q", id, a.RowID)
	}
	a.End()
	if keep(ctx, a); a.RowID != "" {
		t.Errorf("an ended session has the row %q", a.RowID)
	}
}
