package socialaccount_test

import (
	"testing"
	"time"

	"github.com/allauth-go/allauth/storage"
)

// A used token is not accepted again if the clock is set back by an hour after
// Clean.
func TestAUsedIDTokenIsRememberedWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	everyStore(t, func(t *testing.T, store storage.Store) {
		w := startOn(t, store)
		for _, age := range []time.Duration{72 * time.Minute, 2 * time.Hour, 132 * time.Minute} {
			token := w.plainToken(map[string]any{"jti": age.String()})
			w.show("login", token).LoggedIn("ann@example.org")
			w.Clock.Advance(age)
			if err := w.Auth.Clean(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.Clock.Advance(-time.Hour)
			w.show("login", token).Problems("token:invalid_token")
			w.Clock.Advance(3 * time.Hour)
		}
	})
}
