package socialaccount_test

import (
	"context"
	"crypto/rsa"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

type body = clienttest.Body

const (
	app     = clienttest.App
	browser = clienttest.Browser
	secret  = "op-secret"
)

// world is a server and an OpenID provider that it trusts.
type world struct {
	*clienttest.Server
	t  *testing.T
	op *demoprovider.Provider
	// editID and editInfo change the claims of the next responses.
	editID, editInfo func(claims map[string]any)
}

func start(t *testing.T, edit ...func(cfg *allauth.Config)) *world {
	t.Helper()
	return startOn(t, memstore.New(), edit...)
}

func startOn(t *testing.T, store storage.Store, edit ...func(cfg *allauth.Config)) *world {
	t.Helper()
	w := &world{t: t}
	w.op = w.newOP("op", demoprovider.SharedKey())
	edits := append([]func(*allauth.Config){func(cfg *allauth.Config) {
		cfg.SocialAccount = &socialaccount.Config{}
		register(cfg, w.op, "op")
	}}, edit...)
	w.Server = clienttest.StartOn(t, store, edits...)
	return w
}

// newOP starts a provider for a client id. Without a key it gets a new one.
func (w *world) newOP(clientID string, key *rsa.PrivateKey) *demoprovider.Provider {
	w.t.Helper()
	op, err := demoprovider.Start(demoprovider.Config{
		ClientID: clientID, ClientSecret: secret, Now: w.now, Key: key,
		EditIDToken: func(claims map[string]any) {
			if w.editID != nil {
				w.editID(claims)
			}
		},
		EditUserInfo: func(claims map[string]any) {
			if w.editInfo != nil {
				w.editInfo(claims)
			}
		},
	}, "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = op.Close(context.Background()) })
	return op
}

// now is the server's clock, once there is one.
func (w *world) now() time.Time {
	if w.Server == nil {
		return time.Now()
	}
	return w.Clock.Now()
}

// register adds the provider to the configuration with an id that is also its
// client id.
func register(cfg *allauth.Config, op *demoprovider.Provider, id string) {
	cfg.SocialAccount.Providers = append(cfg.SocialAccount.Providers, provider.App{
		Provider: "openid_connect", ProviderID: id, Name: strings.ToUpper(id), ClientID: id, ClientSecret: secret,
		Settings: provider.Settings{ServerURL: op.Issuer()},
	})
}

// withSocial changes the configuration of third-party logins.
func withSocial(edit func(cfg *socialaccount.Config)) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) { edit(cfg.SocialAccount) }
}

// claims returns the claims of a user with an address that the provider has
// verified.
func claims(sub, email string) map[string]any {
	c := map[string]any{"sub": sub, "name": "Ann Example"}
	if email != "" {
		c["email"], c["email_verified"] = email, true
	}
	return c
}

func unverified(sub, email string) map[string]any {
	c := claims(sub, email)
	c["email_verified"] = false
	return c
}

// idToken signs claims for the client "op".
func (w *world) idToken(claims map[string]any) string {
	w.t.Helper()
	token, err := w.op.IDToken(claims)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// byToken posts an ID token with those claims.
func (w *world) byToken(c *clienttest.Client, process string, claims map[string]any) *clienttest.Answer {
	w.t.Helper()
	return w.postToken(c, process, "op", "op", w.idToken(claims))
}

func (w *world) postToken(c *clienttest.Client, process, provider, clientID, idToken string) *clienttest.Answer {
	w.t.Helper()
	return c.Post("auth/provider/token", body{
		"provider": provider, "process": process, "token": body{"client_id": clientID, "id_token": idToken},
	})
}

// do sends a request of a browser unchanged and returns status and Location.
func (w *world) do(c *clienttest.Client, method, target string, form url.Values) (int, string) {
	w.t.Helper()
	request, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Location")
}

// begin posts the form that starts a login and returns the redirect.
func (w *world) begin(c *clienttest.Client, provider, process, callback string) string {
	w.t.Helper()
	if c.Cookie("csrftoken") == "" {
		c.Get("config").Status(200)
	}
	status, location := w.do(c, http.MethodPost, c.URL("auth/provider/redirect"), url.Values{
		"provider": {provider}, "process": {process}, "callback_url": {callback}, "csrfmiddlewaretoken": {c.Cookie("csrftoken")},
	})
	if status != http.StatusFound {
		w.t.Fatalf("redirect: status %d", status)
	}
	return location
}

// userForm returns the form that selects a user at the provider.
func userForm(name, email string) url.Values {
	return url.Values{"name": {name}, "email": {email}, "verified": {"yes"}}
}

// pick selects a user at the provider and returns the URL of the callback.
func (w *world) pick(authorizeURL string, who url.Values) string {
	w.t.Helper()
	status, location := w.do(w.Client(browser), http.MethodPost, authorizeURL, who)
	if status != http.StatusSeeOther {
		w.t.Fatalf("authorize: status %d", status)
	}
	return location
}

// comeBack sends the callback and returns the final redirect.
func (w *world) comeBack(c *clienttest.Client, callback string) string {
	w.t.Helper()
	status, location := w.do(c, http.MethodGet, callback, nil)
	if status != http.StatusFound {
		w.t.Fatalf("callback: status %d", status)
	}
	return location
}

// through does all steps of a login at the provider.
func (w *world) through(c *clienttest.Client, process string, who url.Values) string {
	w.t.Helper()
	return w.comeBack(c, w.pick(w.begin(c, "op", process, "/done"), who))
}

// failed returns the redirect after a failure.
func failed(base, code, process string) string {
	return base + "?error=" + code + "&error_process=" + process
}

// errorPage returns the redirect after failures without a known callback_url.
func (w *world) errorPage() string {
	return failed(w.URL+"/account/provider/callback", "unknown", "login")
}

// uids returns the uids of the accounts at providers of a client's user.
func uids(c *clienttest.Client) []string {
	var list []string
	items, _ := c.Get("account/providers").Status(200).Value("data").([]any)
	for _, item := range items {
		member, _ := item.(map[string]any)
		uid, _ := member["uid"].(string)
		list = append(list, uid)
	}
	return list
}

// owner creates an account with a verified address, whatever sign-ups require.
func (w *world) owner(email string) *clienttest.Client {
	w.t.Helper()
	c := w.Client(app)
	c.Post("auth/signup", body{"email": email, "password": clienttest.Password})
	c.Post("auth/email/verify", body{"key": w.Mail(email).Key()})
	return w.LogIn(app, email)
}

// redirectOnly is a provider without a token flow that never answers.
type redirectOnly struct{}

func (redirectOnly) Info() provider.Info {
	return provider.Info{ID: "aa", Class: "aa", Name: "AA", Redirect: true}
}

func (redirectOnly) AuthCodeURL(ctx, provider.Authorization) (string, error) {
	return "", provider.ErrUnavailable
}

func (redirectOnly) Exchange(ctx, provider.Callback) (*provider.Identity, error) {
	return nil, provider.ErrUnavailable
}

func (redirectOnly) VerifyToken(ctx, provider.Tokens) (*provider.Identity, error) {
	return nil, provider.ErrTokenUnsupported
}

func (redirectOnly) Refresh(ctx, *oauth2.Token) (*oauth2.Token, error) {
	return nil, provider.ErrTokenUnsupported
}

type (
	ctx      = context.Context
	newUser  = authn.NewUser
	identity = provider.Identity
)
