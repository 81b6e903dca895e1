package allauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// logInRoute adds the routes POST /sso/{id}, which logs in a user, and POST /logout.
func (d *desk) logInRoute(options allauth.LoginOptions) {
	d.handle("POST /sso/{id}", func(w http.ResponseWriter, r *http.Request) {
		result, err := d.Auth.LogIn(w, r, r.PathValue("id"), options)
		answer(w, result, err)
	})
	d.handle("POST /logout", func(w http.ResponseWriter, r *http.Request) { answer(w, nil, d.Auth.LogOut(w, r)) })
}

// answer writes the result, or the error with status 400.
func answer(w http.ResponseWriter, result any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(result) // the client may not read it
}

func (p page) login(t *testing.T) allauth.LoginResult {
	t.Helper()
	var result allauth.LoginResult
	if p.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", p.StatusCode, p.text)
	}
	if err := json.Unmarshal([]byte(p.text), &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// A browser that the host logs in has a session like any other, under a new token, and
// the next login in it logs out the first user.
func TestTheHostLogsInABrowser(t *testing.T) {
	t.Parallel()
	var events []authn.Event
	d := openDesk(t, func(cfg *allauth.Config) {
		cfg.OnEvent = func(_ context.Context, e authn.Event) { events = append(events, e) }
	})
	d.logInRoute(allauth.LoginOptions{})
	ann, eve := userID(t, d.SignUp(clienttest.App, "ann@example.org")), userID(t, d.SignUp(clienttest.App, "eve@example.org"))
	c := d.Client(clienttest.Browser)

	events = nil
	result := d.visit(c, http.MethodPost, "/sso/"+ann, nil).login(t)
	if result.User == nil || result.User.ID != ann || result.Pending != "" || result.SessionToken != "" {
		t.Fatalf("%+v", result)
	}
	if len(events) != 1 || events[0].Name != "account.user_logged_in" || events[0].UserID != ann || events[0].ActorID != ann ||
		events[0].Client.IP != c.Address || events[0].SessionID == "" {
		t.Errorf("events %+v", events)
	}
	session := c.Get("auth/session").LoggedIn("ann@example.org")
	if methods := session.Value("data", "methods").([]any); len(methods) != 1 || methods[0].(map[string]any)["method"] != "host" {
		t.Errorf("methods %v", methods)
	}
	c.Post("account/email", clienttest.Body{"email": "ann2@example.org"}).Status(200) // its CSRF token is valid

	first := c.Cookie("sessionid")
	d.visit(c, http.MethodPost, "/sso/"+ann, nil).login(t)
	if c.Cookie("sessionid") == first {
		t.Error("the token is not a new one")
	}
	stolen := d.Client(clienttest.Browser)
	stolen.SetCookie("sessionid", first)
	stolen.Get("auth/session").Status(401)
	if methods := c.Get("auth/session").Value("data", "methods").([]any); len(methods) != 2 || methods[1].(map[string]any)["reauthenticated"] != true {
		t.Errorf("methods %v", methods)
	}

	events = nil
	d.visit(c, http.MethodPost, "/sso/"+eve, nil).login(t)
	c.Get("auth/session").LoggedIn("eve@example.org")
	if len(events) != 2 || events[0].Name != "account.user_logged_out" || events[1].Name != "account.user_logged_in" {
		t.Errorf("events %+v", events)
	}
	if p := d.visit(c, http.MethodPost, "/logout", nil); p.StatusCode != http.StatusOK {
		t.Fatal(p.text)
	}
	c.Get("auth/session").Status(401)
	if c.Cookie("sessionid") != "" {
		t.Error("the cookie stays")
	}
}

// Without a word of the host the login waits at every stage, and continues at the API.
func TestALoginOfTheHostWaitsAtTheStages(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(cfg *allauth.Config) {
		cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
	})
	d.logInRoute(allauth.LoginOptions{})
	d.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": "new@example.org", "password": clienttest.Password}).Pending("verify_email")
	d.Mail("new@example.org")
	created, err := clienttest.Create(t.Context(), d.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: "dan@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	c := d.Client(clienttest.Browser)
	result := d.visit(c, http.MethodPost, "/sso/"+created.ID, nil).login(t)
	if result.User != nil || result.Pending != "verify_email" {
		t.Fatalf("%+v", result)
	}
	if user, _ := d.me(c); user != "" {
		t.Errorf("user %s is logged in while the login waits", user)
	}
	c.Get("auth/session").Pending("verify_email")
	c.Post("auth/email/verify", clienttest.Body{"key": d.Mail("dan@example.org").Code()}).LoggedIn("dan@example.org")

	code := d.addTOTP(c)
	other := d.Client(clienttest.Browser)
	if result := d.visit(other, http.MethodPost, "/sso/"+created.ID, nil).login(t); result.Pending != "mfa_authenticate" {
		t.Fatalf("%+v", result)
	}
	other.Post("auth/2fa/authenticate", clienttest.Body{"code": "000000"}).Status(400)
	other.Post("auth/2fa/authenticate", clienttest.Body{"code": code()}).LoggedIn("dan@example.org")
}

// What the host has checked itself is not asked again, and nothing else is left out.
func TestTheHostNamesWhatItChecked(t *testing.T) {
	t.Parallel()
	required := func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{Required: true}
	}
	for name, c := range map[string]struct {
		options allauth.LoginOptions
		edit    func(cfg *allauth.Config)
		pending string
		methods []string
	}{
		"nothing":                     {allauth.LoginOptions{}, nil, "verify_email", nil},
		"unverified":                  {allauth.LoginOptions{AllowUnverified: true}, nil, "mfa_authenticate", nil},
		"second factor":               {allauth.LoginOptions{SecondFactorChecked: true}, nil, "verify_email", nil},
		"both":                        {allauth.LoginOptions{AllowUnverified: true, SecondFactorChecked: true}, nil, "", []string{"host", "mfa"}},
		"unverified, a code required": {allauth.LoginOptions{AllowUnverified: true}, required, "login_by_code", nil},
		"a code after the host's login": {allauth.LoginOptions{AllowUnverified: true}, func(cfg *allauth.Config) {
			cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"host"}}
		}, "login_by_code", nil},
		"no code after the host's login": {allauth.LoginOptions{AllowUnverified: true}, func(cfg *allauth.Config) {
			cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}}
		}, "mfa_authenticate", nil},
		"both, a code required":         {allauth.LoginOptions{AllowUnverified: true, SecondFactorChecked: true}, required, "", []string{"host", "mfa"}},
		"a provider of the host's, too": {allauth.LoginOptions{AllowUnverified: true, SecondFactorChecked: true, Method: authn.Method{Name: "socialaccount", Provider: "corp", UID: "7"}}, nil, "", []string{"socialaccount", "mfa"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			edit := c.edit
			if edit == nil {
				edit = func(*allauth.Config) {}
			}
			d := openDesk(t, edit, func(cfg *allauth.Config) { cfg.MFA.AllowUnverifiedEmail = true })
			d.logInRoute(c.options)
			d.handle("GET /second", d.Auth.RequireMFA(http.NotFoundHandler()).ServeHTTP)
			user, err := clienttest.Create(t.Context(), d.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: "dan@example.org"}})
			if err != nil {
				t.Fatal(err)
			}
			everything := allauth.LoginOptions{AllowUnverified: true, SecondFactorChecked: true, Client: authn.Client{IP: netip.MustParseAddr("203.0.113.9"), UserAgent: "Phone"}}
			app, err := d.Auth.NewSessionToken(t.Context(), user.ID, everything)
			if err != nil || app.SessionToken == "" || app.AccessToken == "" || app.RefreshToken == "" || app.User.ID != user.ID {
				t.Fatalf("%+v, %v", app, err)
			}
			owner := d.Client(clienttest.App)
			owner.Token = app.SessionToken
			d.addTOTP(owner)
			list, _ := owner.Get("auth/sessions").Status(200).Value("data").([]any)
			if first := list[0].(map[string]any); first["user_agent"] != "Phone" && first["ip"] != "203.0.113.9" {
				t.Errorf("session %v", first)
			}

			browser := d.Client(clienttest.Browser)
			if result := d.visit(browser, http.MethodPost, "/sso/"+user.ID, nil).login(t); result.Pending != c.pending {
				t.Fatalf("pending %q, want %q", result.Pending, c.pending)
			}
			if c.pending != "" {
				browser.Get("auth/session").Pending(c.pending)
				return
			}
			methods := browser.Get("auth/session").Status(200).Value("data", "methods").([]any)
			for i, want := range c.methods {
				if methods[i].(map[string]any)["method"] != want {
					t.Errorf("methods %v, want %v", methods, c.methods)
				}
			}
			if status := d.visit(browser, http.MethodGet, "/second", nil).StatusCode; status != http.StatusNotFound {
				t.Errorf("RequireMFA answers %d", status)
			}
			if verified := browser.Get("account/email").Value("data").([]any)[0].(map[string]any)["verified"]; verified != false {
				t.Error("the address is verified now")
			}
		})
	}
}

// What refuses any login refuses that of the host.
func TestALoginOfTheHostIsRefused(t *testing.T) {
	t.Parallel()
	disabled := map[string]bool{}
	d := openDesk(t, func(cfg *allauth.Config) {
		cfg.BeforeLogin = func(_ context.Context, u *authn.User, methods []authn.Method) error {
			if disabled[u.ID] {
				return &authn.Error{Code: "closed", Message: "Ask your team."}
			}
			return nil
		}
	})
	ctx := t.Context()
	id := userID(t, d.SignUp(clienttest.App, "ann@example.org"))
	for _, unknown := range []string{"", "1", "no number", id + "0"} {
		if _, err := d.Auth.NewSessionToken(ctx, unknown, allauth.LoginOptions{}); !errors.Is(err, authn.ErrNotFound) {
			t.Errorf("%q: %v", unknown, err)
		}
	}
	for _, m := range []authn.Method{{Name: "mfa"}, {Name: "code"}, {Name: "socialaccount", UID: "1"}, {Name: "magic"}} {
		if _, err := d.Auth.NewSessionToken(ctx, id, allauth.LoginOptions{Method: m}); err == nil {
			t.Errorf("%+v is accepted", m)
		}
	}
	d.logInRoute(allauth.LoginOptions{})
	c := d.Client(clienttest.Browser)
	disabled[id] = true
	var veto *authn.Error
	if _, err := d.Auth.NewSessionToken(ctx, id, allauth.LoginOptions{}); !errors.As(err, &veto) || veto.Code != "closed" {
		t.Errorf("%v", err)
	}
	if p := d.visit(c, http.MethodPost, "/sso/"+id, nil); p.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", p.StatusCode)
	}
	c.Get("auth/session").Status(401)

	onlyApps := openDesk(t, func(cfg *allauth.Config) { cfg.Headless.Clients = []string{"app"} })
	onlyApps.logInRoute(allauth.LoginOptions{})
	onlyBrowsers := openDesk(t, func(cfg *allauth.Config) { cfg.Headless.Clients = []string{"browser"} })
	if _, err := onlyBrowsers.Auth.NewSessionToken(ctx, id, allauth.LoginOptions{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
	if p := onlyApps.visit(onlyApps.Client(clienttest.App), http.MethodPost, "/sso/1", nil); p.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", p.StatusCode)
	}
}

// The token of an app is that of a login: its list shows it, it ends by itself and by
// LogOut, and a pending login continues with it at the API.
func TestTheHostLogsInAnApp(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.logInRoute(allauth.LoginOptions{})
	owner := d.SignUp(clienttest.App, "ann@example.org")
	id, code := userID(t, owner), d.addTOTP(owner)
	result, err := d.Auth.NewSessionToken(t.Context(), id, allauth.LoginOptions{})
	if err != nil || result.User != nil || result.Pending != "mfa_authenticate" || result.AccessToken != "" || result.SessionToken == "" {
		t.Fatalf("%+v, %v", result, err)
	}
	c := d.Client(clienttest.App)
	c.Token = result.SessionToken
	if user, _ := d.me(c); user != "" {
		t.Errorf("user %s is logged in while the login waits", user)
	}
	c.Post("auth/2fa/authenticate", clienttest.Body{"code": code()}).LoggedIn("ann@example.org")
	if user, _ := d.me(c); user != id {
		t.Errorf("user %q", user)
	}
	if p := d.visit(c, http.MethodPost, "/logout", nil); p.StatusCode != http.StatusOK {
		t.Fatal(p.text)
	}
	c.Get("auth/session").Status(410)

	d.Clock.Advance(time.Minute)
	result, err = d.Auth.NewSessionToken(t.Context(), id, allauth.LoginOptions{SecondFactorChecked: true})
	if err != nil {
		t.Fatal(err)
	}
	if access, err := d.Auth.VerifyAccessToken(t.Context(), result.AccessToken); err != nil || access.UserID != id || access.ActorID != "" {
		t.Errorf("%+v, %v", access, err)
	}
	refreshed := d.Client(clienttest.App).Post("tokens/refresh", clienttest.Body{"refresh_token": result.RefreshToken})
	refreshed.Status(200)
}
