package allauth_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
)

// desk is a host with routes of its own beside the API.
type desk struct {
	*clienttest.Server
	t     *testing.T
	mux   *http.ServeMux
	store storage.Store
}

// openDesk starts a host with second factors and access tokens. Its routes are below
// Middleware.
func openDesk(t *testing.T, edit ...func(cfg *allauth.Config)) *desk {
	t.Helper()
	all := append([]func(cfg *allauth.Config){func(cfg *allauth.Config) {
		cfg.MFA = &mfa.Config{}
		cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}}
	}}, edit...)
	d := &desk{t: t, mux: http.NewServeMux(), store: clienttest.Open(t)}
	d.Server = clienttest.StartOn(t, d.store, all...)
	d.mux.Handle("/_allauth/", d.Auth)
	d.mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		var me struct{ User, Actor string }
		if user, ok := d.Auth.UserFrom(r.Context()); ok {
			me.User = user.ID
		}
		if actor, ok := d.Auth.ActorFrom(r.Context()); ok {
			me.Actor = actor.ID
		}
		_ = json.NewEncoder(w).Encode(me) // the client may not read it
	})
	d.Handler = d.Auth.Middleware(d.mux)
	return d
}

// handle adds a route.
func (d *desk) handle(pattern string, f http.HandlerFunc) { d.mux.Handle(pattern, f) }

// page is the response of a route of the host.
type page struct {
	*http.Response
	text string
}

// visit sends a request of the client to a route of the host. header has pairs of names
// and values.
func (d *desk) visit(c *clienttest.Client, method, path string, form url.Values, header ...string) page {
	d.t.Helper()
	r, err := http.NewRequest(method, d.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.Token != "" {
		r.Header.Set("X-Session-Token", c.Token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := c.HTTP.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return page{response, string(text)}
}

// me returns the user and the actor that a route of the host sees.
func (d *desk) me(c *clienttest.Client, header ...string) (user, actor string) {
	d.t.Helper()
	var me struct{ User, Actor string }
	if err := json.Unmarshal([]byte(d.visit(c, http.MethodGet, "/me", nil, header...).text), &me); err != nil {
		d.t.Fatal(err)
	}
	return me.User, me.Actor
}

// addTOTP adds an app to the user of the client, and returns its next codes. Each moves the
// clock on, as the app shows another one only then.
func (d *desk) addTOTP(c *clienttest.Client) (code func() string) {
	d.t.Helper()
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	code = func() string {
		d.t.Helper()
		d.Clock.Advance(30 * time.Second)
		code, err := totp.GenerateCode(secret, d.Clock.Now())
		if err != nil {
			d.t.Fatal(err)
		}
		return code
	}
	c.Post("account/authenticators/totp", clienttest.Body{"code": code()}).Status(200)
	return code
}

// disable disables or enables a user in the store, without an end of their sessions.
func (d *desk) disable(userID string, disabled bool) {
	d.t.Helper()
	user, err := d.store.UserByID(d.t.Context(), userID)
	if err != nil {
		d.t.Fatal(err)
	}
	user.Disabled = disabled
	if err := d.store.Directory().UpdateUser(d.t.Context(), *user); err != nil {
		d.t.Fatal(err)
	}
}
