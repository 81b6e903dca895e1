package allauth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
)

// support is a host whose user Sue may act as Ann.
type support struct {
	*desk
	sue, ann string // ids
	code     func() string
	mu       sync.Mutex
	events   []authn.Event
	clients  map[string]*clienttest.Client
}

func openSupport(t *testing.T, edit ...func(cfg *allauth.Config)) *support {
	t.Helper()
	s := &support{}
	all := append([]func(cfg *allauth.Config){func(cfg *allauth.Config) {
		cfg.OnEvent = func(_ context.Context, e authn.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		}
		cfg.MayImpersonate = func(_ context.Context, actor, target *authn.User, reason string) error {
			if actor.ID != s.sue || reason == "curiosity" {
				return errors.New("not allowed by the team")
			}
			return nil
		}
	}}, edit...)
	s.desk = openDesk(t, all...)
	s.handle("/impersonate/{id}", func(w http.ResponseWriter, r *http.Request) {
		err := s.Auth.Impersonate(w, r, r.PathValue("id"), r.URL.Query().Get("reason"))
		var status int
		switch {
		case errors.Is(err, authn.ErrForbidden):
			status = http.StatusForbidden
		case errors.Is(err, authn.ErrNotFound):
			status = http.StatusNotFound
		case errors.Is(err, errors.ErrUnsupported):
			status = http.StatusNotImplemented
		case err != nil:
			status = http.StatusBadRequest
		default:
			status = http.StatusOK
		}
		w.WriteHeader(status)
	})
	s.handle("POST /logout", func(w http.ResponseWriter, r *http.Request) { answer(w, nil, s.Auth.LogOut(w, r)) })
	s.mux.Handle("GET /recent", s.Auth.RequireRecent(http.NotFoundHandler()))
	s.mux.Handle("GET /mfa", s.Auth.RequireMFA(http.NotFoundHandler()))
	s.mux.Handle("GET /recentmfa", s.Auth.RequireRecentMFA(http.NotFoundHandler()))
	s.mux.Handle("GET /login", s.Auth.RequireLogin(http.NotFoundHandler()))
	s.SignUp(clienttest.App, "sue@example.org")
	owner := s.LogIn(clienttest.App, "sue@example.org")
	s.sue, s.ann = userID(t, owner), userID(t, s.SignUp(clienttest.App, "ann@example.org"))
	s.code = s.addTOTP(owner)
	return s
}

// agent returns a client in which Sue is logged in with a second factor.
func (s *support) agent(kind clienttest.Kind) *clienttest.Client {
	s.t.Helper()
	c := s.Client(kind)
	c.Post("auth/login", clienttest.Body{"email": "sue@example.org", "password": clienttest.Password}).Pending("mfa_authenticate")
	if c.Post("auth/2fa/authenticate", clienttest.Body{"code": s.code()}).IsPending("mfa_trust") {
		c.Post("auth/2fa/trust", clienttest.Body{"trust": false})
	}
	c.Get("auth/session").LoggedIn("sue@example.org")
	return c
}

// impersonate lets the client act as the user, and keeps the tokens of an app.
func (s *support) impersonate(c *clienttest.Client, userID, reason string, header ...string) int {
	s.t.Helper()
	p := s.visit(c, http.MethodPost, "/impersonate/"+userID+"?reason="+url.QueryEscape(reason), nil, header...)
	if p.StatusCode == http.StatusOK && c.Kind == clienttest.App {
		c.Token, c.AccessToken = p.Header.Get("X-Session-Token"), p.Header.Get("X-Access-Token")
	}
	return p.StatusCode
}

// acting returns a client in which Sue acts as Ann.
func (s *support) acting(kind clienttest.Kind) *clienttest.Client {
	s.t.Helper()
	c := s.agent(kind)
	if status := s.impersonate(c, s.ann, "ticket 7"); status != http.StatusOK {
		s.t.Fatalf("status %d", status)
	}
	return c
}

// named returns the events with that name, and forgets all.
func (s *support) named(name string) []authn.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []authn.Event
	for _, e := range s.events {
		if e.Name == name {
			found = append(found, e)
		}
	}
	s.events = nil
	return found
}

// The whole story, for browsers and apps: Sue acts as Ann, everyone sees it, and she is
// herself again afterwards.
func TestSupportActsAsAUser(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := openSupport(t)
		c := s.agent(kind)
		before := c.Clone()
		s.named("")
		if status := s.impersonate(c, s.ann, "ticket 7"); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		if user, actor := s.me(c); user != s.ann || actor != s.sue {
			t.Errorf("user %s, actor %s", user, actor)
		}
		if user, _ := s.me(before); user != "" {
			t.Errorf("the old token is that of %s", user)
		}
		started := s.named("sessions.impersonation_started")
		if len(started) != 1 || started[0].UserID != s.ann || started[0].ActorID != s.sue || started[0].SessionID == "" || started[0].Client.IP != c.Address {
			t.Fatalf("%+v", started)
		}
		if d := started[0].Details.(sessions.ImpersonationStarted); d.Reason != "ticket 7" || !d.EndsAt.Equal(s.Clock.Now().Add(time.Hour)) {
			t.Errorf("%+v", d)
		}
		shown := c.Get("auth/session").LoggedIn("ann@example.org")
		if actor, _ := json.Marshal(shown.Value("meta", "impersonation", "actor", "id")); string(actor) != s.sue {
			t.Errorf("actor %s in %s", actor, shown.Text)
		}
		if end := shown.Value("meta", "impersonation", "ends_at"); end != authn.Seconds(s.Clock.Now().Add(time.Hour)) {
			t.Errorf("ends at %v", end)
		}
		if methods := shown.Value("data", "methods").([]any); len(methods) != 0 {
			t.Errorf("methods %v of Ann", methods)
		}

		back := c.Delete("auth/session", nil).Status(200).LoggedIn("sue@example.org")
		if back.Value("meta", "impersonation") != nil || len(back.Value("data", "methods").([]any)) != 2 {
			t.Errorf("%s", back.Text)
		}
		ended := s.named("sessions.impersonation_ended")
		if len(ended) != 1 || ended[0].UserID != s.ann || ended[0].ActorID != s.sue || ended[0].SessionID != started[0].SessionID {
			t.Errorf("%+v", ended)
		}
		if user, actor := s.me(c); user != s.sue || actor != "" {
			t.Errorf("user %s, actor %s", user, actor)
		}
		c.Get("account/email").Status(200)
		if kind == clienttest.App && c.RefreshToken == "" {
			t.Error("Sue has no refresh token")
		}
		// She may do so again: a route of the host ends it, too.
		if status := s.impersonate(c, s.ann, "ticket 8"); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		if p := s.visit(c, http.MethodPost, "/logout", nil); p.StatusCode != http.StatusOK {
			t.Fatal(p.text)
		}
		if kind == clienttest.Browser {
			c.Get("auth/session").LoggedIn("sue@example.org")
			c.Delete("auth/session", nil).Status(401)
		}
	})
}

// Who does not meet one of the conditions does not act as anyone.
func TestWhoMayNotActAsAUser(t *testing.T) {
	t.Parallel()
	s := openSupport(t)
	ben := s.SignUp(clienttest.App, "ben@example.org")
	disabledUser, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: "dan@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	agent := s.agent(clienttest.Browser)
	ownBrowser := []string{"Sec-Fetch-Site", "same-origin", "Origin", s.URL}
	for name, c := range map[string]struct {
		client *clienttest.Client
		userID string
		reason string
		header []string
		want   int
	}{
		"anonymous":          {s.Client(clienttest.Browser), s.ann, "ticket 7", nil, 403},
		"no second factor":   {s.LogIn(clienttest.Browser, "ann@example.org"), userID(t, ben), "ticket 7", nil, 403},
		"no reason":          {agent, s.ann, " ", nil, 400},
		"not allowed":        {agent, s.ann, "curiosity", nil, 400},
		"herself":            {agent, s.sue, "ticket 7", nil, 403},
		"no such user":       {agent, "1", "ticket 7", nil, 404},
		"a form elsewhere":   {agent, s.ann, "ticket 7", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example.net"}, 403},
		"an invalid session": {func() *clienttest.Client { c := s.Client(clienttest.App); c.Token = "x"; return c }(), s.ann, "ticket 7", nil, 403},
	} {
		if status := s.impersonate(c.client, c.userID, c.reason, c.header...); status != c.want {
			t.Errorf("%s: %d, want %d", name, status, c.want)
		}
	}
	for _, site := range []string{"none", "cross-site", ""} {
		if p := s.visit(agent, http.MethodGet, "/impersonate/"+s.ann+"?reason=x", nil, "Sec-Fetch-Site", site); p.StatusCode != 403 {
			t.Errorf("a link, %s: %d", site, p.StatusCode)
		}
	}
	if found := s.named("sessions.impersonation_started"); len(found) != 0 {
		t.Errorf("events %+v", found)
	}
	// A second factor from some time ago is not enough, not even beside a new password.
	s.Clock.Advance(6 * time.Minute)
	agent.Post("auth/reauthenticate", clienttest.Body{"password": clienttest.Password}).Status(200)
	if status := s.impersonate(agent, s.ann, "ticket 7", ownBrowser...); status != 403 {
		t.Errorf("an old second factor: %d", status)
	}
	for path, want := range map[string]int{"/mfa": 404, "/recent": 404, "/recentmfa": 401} {
		if p := s.visit(agent, http.MethodGet, path, nil); p.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, p.StatusCode, want)
		}
	}
	agent.Post("auth/2fa/reauthenticate", clienttest.Body{"code": s.code()}).Status(200)
	if p := s.visit(agent, http.MethodGet, "/recentmfa", nil); p.StatusCode != 404 {
		t.Errorf("RequireRecentMFA: %d", p.StatusCode)
	}
	s.disable(disabledUser.ID, true)
	if status := s.impersonate(agent, disabledUser.ID, "ticket 7", ownBrowser...); status != 403 {
		t.Errorf("a disabled user: %d", status)
	}
	s.disable(disabledUser.ID, false)
	if status := s.impersonate(agent, disabledUser.ID, "ticket 7", ownBrowser...); status != 200 {
		t.Errorf("a new second factor: %d", status)
	}
	// No second hop.
	if status := s.impersonate(agent, s.ann, "ticket 7", ownBrowser...); status != 403 {
		t.Errorf("a second hop: %d", status)
	}

	off := openSupport(t, func(cfg *allauth.Config) { cfg.MayImpersonate = nil })
	if status := off.impersonate(off.agent(clienttest.Browser), off.ann, "ticket 7"); status != 501 {
		t.Errorf("without MayImpersonate: %d", status)
	}
	panics := openSupport(t, func(cfg *allauth.Config) {
		cfg.MayImpersonate = func(context.Context, *authn.User, *authn.User, string) error { panic("host") }
	})
	if status := panics.impersonate(panics.agent(clienttest.Browser), panics.ann, "ticket 7"); status != 400 {
		t.Errorf("a panic: %d", status)
	}
}

// Nothing of the host that asks for a fresh or a strong login accepts an impersonation.
func TestAnImpersonationPassesNoStepUp(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := openSupport(t)
		// A session of Ann that does not name Sue would outlast the impersonation.
		s.handle("POST /sso", func(w http.ResponseWriter, r *http.Request) {
			_, err := s.Auth.LogIn(w, r, s.ann, allauth.LoginOptions{SecondFactorChecked: true})
			if !errors.Is(err, authn.ErrForbidden) {
				t.Errorf("LogIn: %v", err)
			}
			result, err := s.Auth.NewSessionToken(r.Context(), s.ann, allauth.LoginOptions{})
			if !errors.Is(err, authn.ErrForbidden) || result != (allauth.LoginResult{}) {
				t.Errorf("NewSessionToken: %+v, %v", result, err)
			}
		})
		c := s.acting(kind)
		for path, want := range map[string]int{"/login": 404, "/recent": 403, "/mfa": 403, "/recentmfa": 403} {
			p := s.visit(c, http.MethodGet, path, nil)
			if p.StatusCode != want || want == 403 && !strings.Contains(p.text, `"impersonated"`) {
				t.Errorf("%s: %d %s", path, p.StatusCode, p.text)
			}
		}
		if p := s.visit(c, http.MethodPost, "/sso", nil); len(p.Cookies()) > 0 {
			t.Errorf("cookies %v", p.Cookies())
		}
		if kind == clienttest.App {
			p := s.visit(s.Client(clienttest.App), http.MethodPost, "/sso", nil, "Authorization", "Bearer "+c.AccessToken)
			if len(p.Cookies()) > 0 {
				t.Errorf("by an access token: cookies %v", p.Cookies())
			}
		}
	})
}

// The impersonation ends with whatever ends one of the two, and its end is not the end of
// the actor.
func TestWhatEndsAnImpersonation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end func(t *testing.T, s *support)
		// kept is true if the session of the actor goes on.
		kept bool
	}{
		"an hour": {func(_ *testing.T, s *support) { s.Clock.Advance(time.Hour) }, true},
		"Ann's password": {func(t *testing.T, s *support) {
			must(t, s.Auth.Users().SetPassword(t.Context(), s.ann, "another-password"))
		}, true},
		"Ann's account":  {func(t *testing.T, s *support) { must(t, s.Auth.Users().Delete(t.Context(), s.ann)) }, true},
		"Ann disabled":   {func(_ *testing.T, s *support) { s.disable(s.ann, true) }, true},
		"Sue logged out": {func(t *testing.T, s *support) { must(t, s.Auth.Users().EndSessions(t.Context(), s.sue)) }, false},
		"Sue's password": {func(t *testing.T, s *support) {
			must(t, s.Auth.Users().SetPassword(t.Context(), s.sue, "another-password"))
		}, false},
		"Sue's account":       {func(t *testing.T, s *support) { must(t, s.Auth.Users().Delete(t.Context(), s.sue)) }, false},
		"from another device": {func(_ *testing.T, s *support) { s.endOthers(s.agent(clienttest.App)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
				s := openSupport(t)
				s.t = t
				client := s.acting(kind)
				c.end(t, s)
				if user, actor := s.me(client); user != "" || actor != "" {
					t.Errorf("user %s, actor %s", user, actor)
				}
				if !c.kept {
					client.Get("auth/session").Status(map[clienttest.Kind]int{clienttest.App: 410, clienttest.Browser: 401}[kind])
					return
				}
				// A late request that was meant for Ann does not concern Sue.
				client.Get("account/email").Status(403)
				s.named("")
				client.Get("auth/session").LoggedIn("sue@example.org")
				if ended := s.named("sessions.impersonation_ended"); len(ended) != 1 || ended[0].ActorID != s.sue || ended[0].UserID != s.ann {
					t.Errorf("%+v", ended)
				}
				client.Get("account/email").Status(200)
			})
		})
	}
}

// A disabled actor acts as no user at once, also on routes of the host, and a user who logs in
// in the same browser later is not kept out.
func TestADisabledActor(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := openSupport(t)
		c := s.acting(kind)
		s.disable(s.sue, true)
		if user, actor := s.me(c); user != "" || actor != "" {
			t.Errorf("user %s, actor %s", user, actor)
		}
		c.Get("auth/session").Status(401)
		c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).LoggedIn("ann@example.org")
		if user, actor := s.me(c); user != s.ann || actor != "" {
			t.Errorf("user %s, actor %s", user, actor)
		}
		again := openSupport(t)
		c = again.acting(kind)
		again.disable(again.sue, true)
		again.named("")
		c.Delete("auth/session", nil).Status(401)
		if ended := again.named("sessions.impersonation_ended"); len(ended) != 1 || ended[0].ActorID != again.sue {
			t.Errorf("%+v", ended)
		}
		again.disable(again.sue, false)
		if user, _ := again.me(c); user != "" {
			t.Errorf("user %s", user)
		}
	})
}

// endOthers ends all other sessions of the client's user.
func (s *support) endOthers(c *clienttest.Client) {
	var ids []any
	for _, one := range c.Get("auth/sessions").Status(200).Value("data").([]any) {
		if one := one.(map[string]any); one["is_current"] != true {
			ids = append(ids, one["id"])
		}
	}
	c.Delete("auth/sessions", clienttest.Body{"sessions": ids}).Status(200)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// An impersonation is not longer than the session of the actor would have been, and does
// not prolong it.
func TestAnImpersonationDoesNotOutliveTheActorsSession(t *testing.T) {
	t.Parallel()
	s := openSupport(t, func(cfg *allauth.Config) { cfg.Sessions.Lifetime = 10 * time.Minute })
	c := s.agent(clienttest.Browser)
	s.Clock.Advance(4 * time.Minute)
	if status := s.impersonate(c, s.ann, "ticket 7"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	if end := c.Get("auth/session").Value("meta", "impersonation", "ends_at"); end != authn.Seconds(s.Clock.Now().Add(6*time.Minute)) {
		t.Errorf("ends at %v", end)
	}
	s.Clock.Advance(6*time.Minute + time.Microsecond)
	c.Get("auth/session").Status(401)

	idle := openSupport(t, func(cfg *allauth.Config) { cfg.Sessions.IdleTimeout = 10 * time.Minute })
	c = idle.acting(clienttest.Browser)
	for range 5 { // the impersonation counts as use of the session
		idle.Clock.Advance(9 * time.Minute)
		if user, actor := idle.me(c); user != idle.ann || actor != idle.sue {
			t.Fatalf("user %s, actor %s", user, actor)
		}
	}
	c.Delete("auth/session", nil).Status(200).LoggedIn("sue@example.org")
}

// The session stays Sue's: Ann does not see it, and her list is not longer.
func TestAnImpersonationIsASessionOfTheActor(t *testing.T) {
	t.Parallel()
	s := openSupport(t)
	ann := s.LogIn(clienttest.App, "ann@example.org")
	count := func(c *clienttest.Client) int { return len(c.Get("auth/sessions").Status(200).Value("data").([]any)) }
	other := s.agent(clienttest.App)
	sues, anns := count(other), count(ann)
	s.acting(clienttest.Browser)
	if got := count(other); got != sues+1 {
		t.Errorf("Sue has %d sessions, want %d", got, sues+1)
	}
	if got := count(ann); got != anns {
		t.Errorf("Ann has %d sessions, want %d", got, anns)
	}
}

// Access tokens name the actor, expire with the impersonation, and cannot be refreshed.
func TestAccessTokensNameTheActor(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"stored": false, "stateless": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openSupport(t, func(cfg *allauth.Config) {
				cfg.Tokens.StatelessValidation, cfg.Tokens.AccessTokenExpiresIn = stateless, 3*time.Hour
				cfg.Tokens.Claims = func(context.Context, *authn.User) (map[string]any, error) {
					return map[string]any{"act": map[string]any{"sub": "1"}}, nil
				}
			})
			s.t = t
			c := s.agent(clienttest.App)
			own, refresh := c.AccessToken, c.RefreshToken
			if access, err := s.Auth.VerifyAccessToken(t.Context(), own); err != nil || access.ActorID != "" || access.Claims["act"] != nil {
				t.Errorf("%+v, %v", access, err)
			}
			s.Clock.Advance(time.Minute)
			if status := s.impersonate(c, s.ann, "ticket 7"); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			access, err := s.Auth.VerifyAccessToken(t.Context(), c.AccessToken)
			if err != nil || access.UserID != s.ann || access.ActorID != s.sue || access.ExpiresAt.After(s.Clock.Now().Add(time.Hour)) {
				t.Fatalf("%+v, %v", access, err)
			}
			if act := claimsOf(t, c.AccessToken)["act"]; !maps.Equal(act.(map[string]any), map[string]any{"sub": s.sue}) {
				t.Errorf("act %v", act)
			}
			bearer := func(access string) (user, actor string) {
				return s.me(s.Client(clienttest.App), "Authorization", "Bearer "+access)
			}
			if user, actor := bearer(c.AccessToken); user != s.ann || actor != s.sue {
				t.Errorf("user %s, actor %s", user, actor)
			}
			for _, path := range []string{"/recent", "/mfa", "/recentmfa"} {
				if p := s.visit(s.Client(clienttest.App), http.MethodGet, path, nil, "Authorization", "Bearer "+c.AccessToken); p.StatusCode != 403 {
					t.Errorf("%s: %d", path, p.StatusCode)
				}
			}
			s.Client(clienttest.App).Post("tokens/refresh", clienttest.Body{"refresh_token": refresh}).Status(400)
			if _, err := s.Auth.VerifyAccessToken(t.Context(), own); (err == nil) != stateless {
				t.Errorf("the actor's own token: %v", err)
			}

			acting := c.AccessToken
			c.Delete("auth/session", nil).Status(200).LoggedIn("sue@example.org")
			if user, actor := bearer(c.AccessToken); user != s.sue || actor != "" {
				t.Errorf("user %s, actor %s", user, actor)
			}
			s.Client(clienttest.App).Post("tokens/refresh", clienttest.Body{"refresh_token": c.RefreshToken}).Status(200)
			if _, err := s.Auth.VerifyAccessToken(t.Context(), acting); !stateless && !errors.Is(err, token.ErrInvalid) {
				t.Errorf("the token of the impersonation: %v", err)
			}
			s.Clock.Advance(time.Hour)
			if _, err := s.Auth.VerifyAccessToken(t.Context(), acting); !errors.Is(err, token.ErrInvalid) {
				t.Errorf("after an hour: %v", err)
			}
		})
	}
}

// claimsOf returns the claims of a token without verifying it.
func claimsOf(t *testing.T, text string) map[string]any {
	t.Helper()
	var claims map[string]any
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// What the host does for the user meanwhile names the actor.
func TestEventsOfAnImpersonationNameTheActor(t *testing.T) {
	t.Parallel()
	s := openSupport(t)
	s.handle("POST /password", func(_ http.ResponseWriter, r *http.Request) {
		user, _ := s.Auth.UserFrom(r.Context())
		must(t, s.Auth.Users().SetPassword(r.Context(), user.ID, "another-password"))
	})
	c := s.acting(clienttest.Browser)
	s.named("")
	s.visit(c, http.MethodPost, "/password", nil)
	if found := s.named("account.password_changed"); len(found) != 1 || found[0].UserID != s.ann || found[0].ActorID != s.sue {
		t.Errorf("%+v", found)
	}
}

// Of two requests that start or end it at once, one does, and each browser ends up with one
// session.
func TestImpersonationsAtOnce(t *testing.T) {
	t.Parallel()
	s := openSupport(t)
	c := s.agent(clienttest.Browser)
	tabs := make([]*clienttest.Client, 8)
	for i := range tabs {
		tabs[i] = c.Clone()
	}
	s.named("")
	var mu sync.Mutex
	won := 0
	var winner *clienttest.Client
	clienttest.Parallel(len(tabs), func(i int) {
		if s.impersonate(tabs[i], s.ann, "ticket 7") == http.StatusOK {
			mu.Lock()
			defer mu.Unlock()
			won, winner = won+1, tabs[i]
		}
	})
	if started := s.named("sessions.impersonation_started"); won != 1 || len(started) != 1 {
		t.Fatalf("%d started, %d events", won, len(started))
	}
	for i := range tabs {
		tabs[i] = winner.Clone()
	}
	clienttest.Parallel(len(tabs), func(i int) { tabs[i].Delete("auth/session", nil) })
	if ended := s.named("sessions.impersonation_ended"); len(ended) != 1 {
		t.Errorf("%d events", len(ended))
	}
}

// The audit trail has both ends, written with the change of the session.
func TestTheAuditTrailHasImpersonations(t *testing.T) {
	t.Parallel()
	s := openSupport(t, func(cfg *allauth.Config) { cfg.Audit = &audit.Config{} })
	c := s.acting(clienttest.Browser)
	s.Clock.Advance(time.Minute)
	c.Delete("auth/session", nil).Status(200).LoggedIn("sue@example.org")
	events, _, err := s.Auth.AuditEvents(t.Context(), audit.Filter{ActorID: s.sue, UserID: s.ann})
	if err != nil || len(events) != 2 || events[0].Name != "sessions.impersonation_ended" || events[1].Name != "sessions.impersonation_started" {
		t.Fatalf("%+v, %v", events, err)
	}
	if text, err := json.Marshal(events[1]); err != nil || !strings.Contains(string(text), `"reason":"ticket 7"`) {
		t.Errorf("%s, %v", text, err)
	}
}

// The data of sessions may be in a store of its own.
func TestImpersonationsWithAnotherSessionStore(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := openSupport(t, func(cfg *allauth.Config) { cfg.Sessions.Store = sessions.IgnoreContext(memstore.New()) })
		c := s.acting(kind)
		if user, actor := s.me(c); user != s.ann || actor != s.sue {
			t.Errorf("user %s, actor %s", user, actor)
		}
		c.Get("account/email").Status(403)
		c.Delete("auth/session", nil).Status(200).LoggedIn("sue@example.org")
		again := s.acting(kind)
		if err := s.Auth.Users().EndSessions(t.Context(), s.sue); err != nil {
			t.Fatal(err)
		}
		if user, _ := s.me(again); user != "" {
			t.Errorf("user %s", user)
		}
	})
}
