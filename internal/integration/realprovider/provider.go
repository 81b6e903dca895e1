package realprovider

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Provider is a provider with one user, test-user2@zitadel.ch, whose subject is
// id2. It is safe for concurrent use, except for Register.
type Provider struct {
	// Issuer is the provider's URL.
	Issuer  string
	server  *httptest.Server
	keys    *changingKeys
	clients map[string]*storage.Client

	mu    sync.Mutex
	asked map[string]int
}

// Start starts a provider. It stops when the test ends.
func Start(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{asked: map[string]int{}, clients: map[string]*storage.Client{}}
	var handler http.Handler
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.URL.Path]++
		p.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	p.Issuer = "http://" + p.server.Listener.Addr().String()
	p.keys = &changingKeys{Storage: storage.NewStorageWithClients(storage.NewUserStore(p.Issuer), p.clients)}
	p.ChangeKey(t, "first")
	handler = exampleop.SetupServer(p.Issuer, p.keys, slog.New(slog.DiscardHandler), false, op.WithAllowInsecure())
	p.server.Start()
	t.Cleanup(p.server.Close)
	return p
}

// Register adds a client. Call it before the first login.
func (p *Provider) Register(id, secret string, callbacks ...string) {
	p.clients[id] = storage.WebClient(id, secret, callbacks...)
}

// ChangeKey creates a new signing key and drops the old one.
func (p *Provider) ChangeKey(t testing.TB, id string) {
	t.Helper()
	p.keys.change(t, id)
}

// Stop stops the provider.
func (p *Provider) Stop() { p.server.Close() }

// Asked counts the requests by path.
func (p *Provider) Asked() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.asked)
}

// Consent goes through the provider's pages as the user, and returns the
// parameters of the callback.
func Consent(t testing.TB, address string) *url.URL {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	visit := func(method, address string, form url.Values) *url.URL {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close() // only the redirect counts
		u, err := answer.Location()
		if err != nil {
			t.Fatalf("%s answers %s: %v", address, answer.Status, err)
		}
		return u
	}
	login := visit(http.MethodGet, address, nil)
	who := url.Values{"username": {"test-user2"}, "password": {"verysecure"}, "id": {login.Query().Get("authRequestID")}}
	next := visit(http.MethodPost, login.String(), who)
	return visit(http.MethodGet, next.String(), nil)
}
