package users_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/users"
)

type body = clienttest.Body

const (
	app      = clienttest.App
	password = clienttest.Password
	ann      = "ann@example.org"
	bob      = "bob@example.org"
)

// world is a server with the events that it has published.
type world struct {
	*clienttest.Server
	*allauth.Users
	t  *testing.T
	mu sync.Mutex
	// happened are the names of events, done those of their actors.
	happened, done []string
}

func start(t *testing.T, edit ...func(cfg *allauth.Config)) *world {
	t.Helper()
	w := &world{t: t}
	w.Server = clienttest.Start(t, append([]func(cfg *allauth.Config){func(cfg *allauth.Config) {
		cfg.OnEvent = func(_ context.Context, e authn.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.happened, w.done = append(w.happened, e.Name), append(w.done, e.ActorID)
		}
	}}, edit...)...)
	w.Users = w.Auth.Users()
	return w
}

// events returns the names of the events since the last call.
func (w *world) events() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	happened := w.happened
	w.happened, w.done = nil, nil
	return happened
}

// create creates a user with addresses, of which those that begin with + are verified.
func (w *world) create(username string, addresses ...string) string {
	w.t.Helper()
	in := users.Create{Username: username}
	for _, address := range addresses {
		verified := address[0] == '+'
		if verified {
			address = address[1:]
		}
		in.Emails = append(in.Emails, users.Email{Address: address, Verified: verified})
	}
	created, err := w.Create(w.t.Context(), in)
	w.must(err)
	if len(created.Skipped) > 0 {
		w.t.Fatalf("left out: %+v", created.Skipped)
	}
	return created.ID
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refused reports an error if a call did not return the error.
func (w *world) refused(call string, err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("%s: %v, want %v", call, err, want)
	}
}

// account returns a user as it is stored.
func (w *world) account(userID string) *users.Account {
	w.t.Helper()
	found, err := w.ByID(w.t.Context(), userID)
	w.must(err)
	return found
}

// idOf returns the id of the user with the address.
func (w *world) idOf(email string) string {
	w.t.Helper()
	found, err := w.ByEmail(w.t.Context(), email)
	w.must(err)
	return found.ID
}

// logIn sends the password.
func (w *world) logIn(email string) *clienttest.Answer {
	return w.Client(app).Post("auth/login", body{"email": email, "password": password})
}

// mails checks the kind of the next mail to the address, and returns the mail.
func (w *world) mails(to, kind string) clienttest.Mail {
	w.t.Helper()
	m := w.Mail(to)
	if m.Kind != kind {
		w.t.Fatalf("%s got the mail %q, want %q", to, m.Kind, kind)
	}
	return m
}

// has reports an error unless all events have happened since the last call.
func (w *world) has(call string, want ...string) {
	w.t.Helper()
	got := w.events()
	for _, name := range want {
		if !slices.Contains(got, name) {
			w.t.Errorf("%s published %v, want %v", call, got, want)
		}
	}
}
