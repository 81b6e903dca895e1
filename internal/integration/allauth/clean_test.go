package allauth_test

import (
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/sessions"
)

// No host needs to remember to delete expired rows.
func TestExpiredRowsAreDeletedInTheBackground(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) { cfg.CleanInterval = time.Second })
	row := func(id, hash string, expires time.Time) {
		t.Helper()
		r := sessions.Row{ID: id, TokenHash: hash, Kind: "app", UserID: "7", CreatedAt: expires.Add(-time.Hour), LastSeenAt: expires, ExpiresAt: expires}
		if err := store.CreateSession(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	row("1", "expired", s.Clock.Now().Add(-time.Second))
	row("2", "valid", s.Clock.Now().Add(time.Hour))
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		s.Clock.Advance(time.Second) // the next period
		rows, err := store.SessionsByTokens(t.Context(), "expired", "valid")
		if err != nil || len(rows) == 0 {
			t.Fatalf("%d rows are left, %v", len(rows), err)
		}
		if len(rows) == 1 && rows[0].TokenHash == "valid" {
			return
		}
	}
	t.Error("the expired row is still there after a minute")
}
