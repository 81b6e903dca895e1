package demoprovider

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Person is a user of the provider, whom the page offers.
type Person struct {
	// Subject is the person's stable id, the claim sub.
	Subject string
	// Name is shown on the page, and is the claim name.
	Name string
	// Email may be empty. EmailVerified is the claim email_verified.
	Email         string
	EmailVerified bool
}

// claims returns the claims about the person.
func (p Person) claims() map[string]any {
	c := map[string]any{"sub": p.Subject}
	if p.Name != "" {
		c["name"] = p.Name
	}
	if p.Email != "" {
		c["email"], c["email_verified"] = p.Email, p.EmailVerified
	}
	return c
}

// Config configures a Provider.
type Config struct {
	// ClientID and ClientSecret are those of the only client.
	ClientID, ClientSecret string
	// Title is the heading of the page. Empty: Demo provider.
	Title string
	// People are the persons on the page, beside a form for another one. Nil: two.
	People []Person
	// Now returns the current time. Nil: time.Now.
	Now func() time.Time
	// EditIDToken and EditUserInfo may change the claims, to test whether a client
	// rejects them. They may be nil.
	EditIDToken, EditUserInfo func(claims map[string]any)
	// Key signs the tokens. Nil: a new one, which takes long to generate, see SharedKey.
	Key *rsa.PrivateKey
}

// Provider is an OpenID provider on loopback. It is safe for concurrent use.
type Provider struct {
	cfg    Config
	issuer string
	server *http.Server
	key    *rsa.PrivateKey

	mu     sync.Mutex
	codes  map[string]grant
	tokens map[string]map[string]any // access token to claims
}

// grant is the data of an authorization code.
type grant struct {
	claims                      map[string]any
	redirectURI, nonce          string
	challenge, challengeMethod  string
	authenticatedAt, validUntil time.Time
}

// keySize is the size of the signing key, in bits.
const keySize = 2048

// SharedKey returns a key for the providers of one process that need none of their own.
// The first call generates it.
var SharedKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, keySize)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return key
})

// Start listens on an address of the loopback interface, like 127.0.0.1:0, and
// serves until Close.
func Start(cfg Config, addr string) (*Provider, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("demoprovider: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("demoprovider: %q is not on the loopback interface; use 127.0.0.1", addr)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Title == "" {
		cfg.Title = "Demo provider"
	}
	if cfg.People == nil {
		cfg.People = []Person{
			{Subject: "ada", Name: "Ada Example", Email: "ada@example.com", EmailVerified: true},
			{Subject: "grace", Name: "Grace Example", Email: "grace@example.com"},
		}
	}
	if cfg.Key == nil {
		if cfg.Key, err = rsa.GenerateKey(rand.Reader, keySize); err != nil {
			return nil, fmt.Errorf("demoprovider: make key: %w", err)
		}
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("demoprovider: %w", err)
	}
	p := &Provider{
		cfg: cfg, issuer: "http://" + listener.Addr().String(), key: cfg.Key,
		codes: map[string]grant{}, tokens: map[string]map[string]any{},
	}
	p.server = &http.Server{Handler: p.routes(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = p.server.Serve(listener) }() // ends with Close
	return p, nil
}

// Issuer returns the provider's URL, without a trailing slash.
func (p *Provider) Issuer() string { return p.issuer }

// Close stops serving.
func (p *Provider) Close(ctx context.Context) error {
	err := p.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return p.server.Close()
	}
	return err
}

func (p *Provider) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.serveMetadata)
	mux.HandleFunc("GET /keys", p.serveKeys)
	mux.HandleFunc("GET /authorize", p.showPeople)
	mux.HandleFunc("POST /authorize", p.pickPerson)
	mux.HandleFunc("POST /token", p.serveToken)
	mux.HandleFunc("GET /userinfo", p.serveUserInfo)
	return mux
}
