package socialaccount_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// crowd is the number of clients that try the same thing at the same time.
const crowd = 64

// stores runs a test in memory and with the chosen store.
func stores(t *testing.T, test func(t *testing.T, store storage.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, memstore.New()) })
	t.Run("chosen", func(t *testing.T) { test(t, clienttest.Open(t)) })
}

// signups counts the created accounts.
func signups(n *atomic.Int64) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) {
		cfg.OnEvent = func(_ context.Context, e authn.Event) {
			if _, ok := e.Details.(account.UserSignedUp); ok {
				n.Add(1)
			}
		}
	}
}

func TestParallelCallbacksOfOneState(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		w := startOn(t, store)
		c := w.Client(browser)
		callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
		clients := make([]*clienttest.Client, crowd)
		for i := range clients {
			clients[i] = c.Clone()
		}
		var arrived, loggedIn atomic.Int64
		clienttest.Parallel(crowd, func(i int) {
			switch where := w.comeBack(clients[i], callback); where {
			case "/done": // the first, and those that came after its end
				arrived.Add(1)
			case w.errorPage():
			default:
				t.Errorf("one lands at %s", where)
			}
		})
		for _, c := range clients {
			if c.Get("auth/session").StatusCode == 200 {
				loggedIn.Add(1)
			}
		}
		if arrived.Load() < 1 || loggedIn.Load() != 1 {
			t.Fatalf("%d arrived, %d are logged in, want one", arrived.Load(), loggedIn.Load())
		}
	})
}

func TestParallelSignupsOfOneIdentity(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		var made atomic.Int64
		w := startOn(t, store, signups(&made))
		users := make([]any, crowd)
		tokens, clients := make([]string, crowd), make([]*clienttest.Client, crowd)
		for i := range crowd {
			tokens[i], clients[i] = w.idToken(claims("ann", "ann@example.org")), w.Client(app)
		}
		clienttest.Parallel(crowd, func(i int) {
			answer := w.postToken(clients[i], "login", "op", "op", tokens[i])
			users[i] = answer.Value("data", "user", "id")
		})
		for _, user := range users {
			if user == nil || user != users[0] {
				t.Fatalf("users %v", users)
			}
		}
		if made.Load() != 1 {
			t.Fatalf("%d accounts were made", made.Load())
		}
		if mails := w.Mails("ann@example.org"); mails != nil {
			t.Fatalf("mails %v", mails)
		}
	})
}

func TestParallelUsesOfOneToken(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		w := startOn(t, store)
		token := w.idToken(claims("ann", "ann@example.org"))
		var won atomic.Int64
		clients := make([]*clienttest.Client, crowd)
		for i := range clients {
			clients[i] = w.Client(app)
		}
		clienttest.Parallel(crowd, func(i int) {
			if w.postToken(clients[i], "login", "op", "op", token).StatusCode == 200 {
				won.Add(1)
			}
		})
		if won.Load() != 1 {
			t.Fatalf("%d logged in, want one", won.Load())
		}
	})
}

func TestParallelConnectsOfOneAccount(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		w := startOn(t, store)
		const users = 8
		tokens, clients := make([]string, users), make([]*clienttest.Client, users)
		for i := range users {
			clients[i] = w.SignUp(app, fmt.Sprintf("user%d@example.org", i))
			tokens[i] = w.idToken(claims("shared", ""))
		}
		var won, lost atomic.Int64
		clienttest.Parallel(users, func(i int) {
			switch w.postToken(clients[i], "connect", "op", "op", tokens[i]).StatusCode {
			case 200:
				won.Add(1)
			case 400:
				lost.Add(1)
			}
		})
		if won.Load() != 1 || lost.Load() != users-1 {
			t.Fatalf("%d connected, %d were refused", won.Load(), lost.Load())
		}
	})
}

func TestParallelFormsOfOneSignup(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		var made atomic.Int64
		w := startOn(t, store, signups(&made))
		c := w.Client(app)
		w.byToken(c, "login", claims("ann", "")).Status(401).Pending("provider_signup")
		clients := make([]*clienttest.Client, 16)
		for i := range clients {
			clients[i] = c.Clone()
		}
		clienttest.Parallel(len(clients), func(i int) {
			clients[i].Post("auth/provider/signup", body{"email": fmt.Sprintf("ann%d@example.org", i)})
		})
		if made.Load() != 1 {
			t.Fatalf("%d accounts were made", made.Load())
		}
	})
}

// Users with the same name sign up at the same time.
func TestParallelSignupsOfNamesakes(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		w := startOn(t, store, func(cfg *allauth.Config) {
			cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername}
		})
		const people = 24
		tokens, clients, names := make([]string, people), make([]*clienttest.Client, people), make([]any, people)
		for i := range people {
			clients[i], tokens[i] = w.Client(app), w.idToken(claims(fmt.Sprint("ann", i), fmt.Sprintf("ann%d@example.org", i)))
		}
		clienttest.Parallel(people, func(i int) {
			names[i] = w.postToken(clients[i], "login", "op", "op", tokens[i]).Value("data", "user", "username")
		})
		seen := map[any]bool{nil: true}
		for i, name := range names {
			if seen[name] {
				t.Fatalf("name %d of %v is missing or was given twice", i, names)
			}
			seen[name] = true
		}
	})
}
