package sessions_test

import (
	"context"
	"math"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
)

// sameRemainder is a store in which the ids of all sessions have the same remainder, so
// that they get the same id on the wire unless others are taken into account.
type sameRemainder struct {
	storage.Store
	last atomic.Int64
}

func (s *sameRemainder) CreateSession(ctx context.Context, row sessions.Row) error {
	row.ID = strconv.FormatInt(s.last.Add(1)*math.MaxInt32+7, 10)
	return s.Store.CreateSession(ctx, row)
}

// Generated clients read ids into 32 bits. Each session of a user has one that fits, by
// which it is ended, and no other session is.
func TestSessionsAreEndedByIDsOf32Bits(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.StartOn(t, &sameRemainder{Store: clienttest.Open(t)}, func(cfg *allauth.Config) {
			cfg.Account.EmailVerification = authn.VerificationNone
		})
		const email = "ann@example.org"
		clients := []*clienttest.Client{s.Client(kind)}
		clients[0].Post("auth/signup", clienttest.Body{"email": email, "password": clienttest.Password}).LoggedIn(email)
		for range 3 {
			clients = append(clients, s.LogIn(kind, email))
		}
		ids := make([]float64, len(clients))
		seen := map[float64]bool{}
		for i, c := range clients {
			ids[i] = currentSession(c)
			if ids[i] < 1 || ids[i] > math.MaxInt32 || seen[ids[i]] {
				t.Errorf("the id %.0f of session %d is too large or repeats: %v", ids[i], i, ids)
			}
			seen[ids[i]] = true
		}
		clients[0].Delete("auth/sessions", clienttest.Body{"sessions": []any{ids[2]}}).Status(200)
		for i, c := range clients {
			if ended := c.Get("auth/session").StatusCode != 200; ended != (i == 2) {
				t.Errorf("session 2 was ended, and session %d has ended: %t", i, ended)
			}
		}
		clients[0].Delete("auth/sessions", clienttest.Body{"sessions": []any{math.MaxInt32 + 7}}).Problems("sessions:invalid_choice")
	})
}

// currentSession returns the id of the client's own session in the list.
func currentSession(c *clienttest.Client) float64 {
	list, _ := c.Get("auth/sessions").Status(200).JSON["data"].([]any)
	for _, item := range list {
		if members, _ := item.(map[string]any); members["is_current"] == true {
			id, _ := members["id"].(float64)
			return id
		}
	}
	return 0
}
