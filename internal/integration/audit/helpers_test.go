package audit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
)

type body = clienttest.Body

const (
	ann = "ann@example.org"
	bob = "bob@example.org"
)

// kept turns the trail on.
func kept(cfg *allauth.Config) {
	cfg.Audit = &audit.Config{}
	neverStill(cfg)
}

// shown turns the trail on, and the endpoint.
func shown(cfg *allauth.Config) {
	cfg.Audit = &audit.Config{ShowToUsers: true}
	neverStill(cfg)
}

// neverStill makes the clock go on between two requests, as a real one does, so that the
// order of events is certain.
func neverStill(cfg *allauth.Config) {
	var calls atomic.Int64
	clock := cfg.Now
	cfg.Now = func() time.Time { return clock().Add(time.Duration(calls.Add(1)) * time.Microsecond) }
}

// published collects events.
type published struct {
	mu   sync.Mutex
	list []authn.Event
}

func (p *published) collect(cfg *allauth.Config) {
	cfg.OnEvent = func(_ context.Context, e authn.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.list = append(p.list, e)
	}
}

func (p *published) all() []authn.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]authn.Event(nil), p.list...)
}

// events returns all events that the filter selects, from all pages, the oldest first.
func events(t *testing.T, s *clienttest.Server, f audit.Filter) []authn.Event {
	t.Helper()
	var list []authn.Event
	for {
		page, next, err := s.Auth.AuditEvents(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page...)
		if next == "" {
			break
		}
		f.Cursor = next
	}
	slices.Reverse(list)
	return list
}

func names(list []authn.Event) []string {
	names := []string{}
	for _, e := range list {
		names = append(names, e.Name)
	}
	return names
}

// userID returns the id of the user with the address.
func userID(t *testing.T, s *clienttest.Server, email string) string {
	t.Helper()
	for _, e := range events(t, s, audit.Filter{Names: []string{"account.email_confirmed"}}) {
		if e.Details == confirmed(email) {
			return e.UserID
		}
	}
	t.Fatalf("no account has the address %s", email)
	return ""
}

// below calls f with the context of a request of the client below the middleware.
func below(s *clienttest.Server, c *clienttest.Client, f func(ctx context.Context)) {
	r := httptest.NewRequest(http.MethodPost, "/admin", nil)
	r.Header.Set("X-Session-Token", c.Token)
	s.Auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r.Context()) })).ServeHTTP(httptest.NewRecorder(), r)
}
