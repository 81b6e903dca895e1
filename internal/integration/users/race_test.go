package users_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/users"
)

// Of concurrent calls that create users with one verified address, one user gets it, and the
// others are told.
func TestOneOfManyUsersGetsTheAddress(t *testing.T) {
	t.Parallel()
	w := start(t, clienttest.Unlimited)
	var got atomic.Int32
	clienttest.Parallel(16, func(int) {
		created, err := w.Create(t.Context(), users.Create{Username: "ann", Emails: []users.Email{{Address: ann, Verified: true}}})
		if err != nil {
			t.Error(err)
			return
		}
		account, err := w.ByID(t.Context(), created.ID)
		switch {
		case err != nil:
			t.Error(err)
		case len(account.Emails) == 1 && account.Username == "ann" && len(created.Skipped) == 0:
			got.Add(1)
		case len(account.Emails) != 0 || account.Username != "" || len(created.Skipped) != 2:
			t.Errorf("%+v %+v", account, created.Skipped)
		}
	})
	if got.Load() != 1 {
		t.Errorf("%d users have the address", got.Load())
	}
}

// One of a user's addresses is primary, however many calls make another one primary.
func TestOneAddressIsPrimary(t *testing.T) {
	t.Parallel()
	w := start(t, clienttest.Unlimited)
	addresses := []string{"a@example.org", "b@example.org", "c@example.org", "d@example.org"}
	id := w.create("", "+"+addresses[0], "+"+addresses[1], "+"+addresses[2], "+"+addresses[3])
	clienttest.Parallel(16, func(i int) {
		if err := w.SetPrimary(t.Context(), id, addresses[i%4]); err != nil {
			t.Error(err)
		}
	})
	primary := 0
	for _, e := range w.account(id).Emails {
		if e.Primary {
			primary++
		}
	}
	if primary != 1 {
		t.Errorf("%d primary addresses", primary)
	}
}

// No login that crosses the end of the user is one afterwards, even if they are enabled again.
func TestNoLoginOutlivesTheEndOfTheUser(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, id string) error{
		"Disable": func(w *world, id string) error { return w.Disable(w.t.Context(), id) },
		"Delete":  func(w *world, id string) error { return w.Delete(w.t.Context(), id) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, clienttest.Unlimited)
			w.t = t
			w.SignUp(app, ann)
			id := w.idOf(ann)
			var clients [12]*clienttest.Client
			clienttest.Parallel(len(clients)+1, func(i int) {
				if i == len(clients) {
					if err := end(w, id); err != nil {
						t.Error(err)
					}
					return
				}
				c := w.Client(app)
				if a := c.Post("auth/login", body{"email": ann, "password": password}); a.StatusCode >= http.StatusInternalServerError {
					t.Errorf("status %d", a.StatusCode)
				}
				clients[i] = c
			})
			if name == "Disable" {
				w.must(w.Enable(t.Context(), id))
			}
			for _, c := range clients {
				if a := c.Get("auth/session"); a.StatusCode == http.StatusOK {
					t.Errorf("still logged in: %s", a.Text)
				}
			}
		})
	}
}
