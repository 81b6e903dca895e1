package mfa_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// ask requests a route of the host with a credential in that header.
func ask(s *clienttest.Server, policy allauth.StepUp, header, value string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/vault", nil)
	r.Header.Set(header, value)
	s.Auth.Middleware(s.Auth.RequireStepUp(policy)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))).ServeHTTP(w, r)
	return w
}

// A client with an access token learns what a route requires, reauthenticates, refreshes
// the token and comes back. With a stateless token it is the same.
func TestTheChallengeOfAStepUp(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"stateful": false, "stateless": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, withTokens, func(cfg *allauth.Config) {
				cfg.Tokens.StatelessValidation, cfg.Tokens.AccessTokenExpiresIn = stateless, time.Hour
				cfg.MFA.TrustEnabled = false
			})
			owner, a := withApp(t, s, clienttest.App, ann)
			d := addKey(t, s, owner, false)
			c := passwordLogin(s, clienttest.App, ann)
			c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)

			const about = `Bearer error="insufficient_user_authentication", error_description="Authenticate again, then refresh the token"`
			policy := allauth.StepUp{PhishingResistant: true, MaxAge: 5 * time.Minute}
			w := ask(s, policy, "Authorization", "Bearer "+c.AccessToken)
			if got := w.Header().Get("WWW-Authenticate"); w.Code != 401 || got != about+`, acr_values="phr", max_age="300"` {
				t.Errorf("%d %s", w.Code, got)
			}
			if !strings.Contains(w.Body.String(), `"flows":[{"id":"mfa_reauthenticate","types":["webauthn"]}]`) {
				t.Errorf("flows: %s", w.Body)
			}
			c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))}).Status(200)
			refreshed := c.Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200)
			access, _ := refreshed.Value("data", "access_token").(string)
			if w := ask(s, policy, "Authorization", "Bearer "+access); w.Code != 204 {
				t.Errorf("after the key: %d %s", w.Code, w.Body)
			}
			s.Clock.Advance(5 * time.Minute)
			for want, policy := range map[string]allauth.StepUp{
				`, acr_values="http://schemas.openid.net/pape/policies/2007/06/multi-factor phr", max_age="60"`: {MFA: true, MaxAge: time.Minute},
				`, max_age="1"`: {MaxAge: 1500 * time.Millisecond},
			} {
				if got := ask(s, policy, "Authorization", "Bearer "+access).Header().Get("WWW-Authenticate"); got != about+want {
					t.Errorf("%+v: %s", policy, got)
				}
			}
			if w := ask(s, allauth.StepUp{PhishingResistant: true}, "Authorization", "Bearer "+access); w.Code != 204 {
				t.Errorf("without MaxAge: %d %s", w.Code, w.Body)
			}
			// Clients with a session token have no use for the challenge.
			w = ask(s, policy, "X-Session-Token", c.Token)
			if got := w.Header().Get("WWW-Authenticate"); w.Code != 401 || got != "" {
				t.Errorf("%d %s", w.Code, got)
			}
			if w := ask(s, policy, "Authorization", "Bearer x"); w.Code != 401 || w.Header().Get("WWW-Authenticate") != "" {
				t.Errorf("a wrong token: %d %v", w.Code, w.Header())
			}
		})
	}
}

// The claims describe the last second factor, also after a later password, and those of
// the host do not replace them.
func TestTheClaimsOfAStepUp(t *testing.T) {
	t.Parallel()
	s := start(t, withTokens, func(cfg *allauth.Config) {
		cfg.Tokens.Claims = func(context.Context, *authn.User) (map[string]any, error) {
			return map[string]any{"acr": "phr", "amr": []string{"hwk"}, "auth_time": 1, "client_id": "another", "plan": "gold"}, nil
		}
		cfg.Tokens.Audience = "https://api.example.com"
		cfg.MFA.TrustEnabled = false
	})
	owner, a := withApp(t, s, clienttest.App, ann)
	addKey(t, s, owner, false)
	c := passwordLogin(s, clienttest.App, ann)
	began := s.Clock.Now()
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	claims := func() map[string]any {
		t.Helper()
		access, err := s.Auth.VerifyAccessToken(t.Context(), c.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		return access.Claims
	}
	if got := claims(); got["auth_time"] != float64(began.Unix()) || got["acr"] != "http://schemas.openid.net/pape/policies/2007/06/multi-factor" || got["client_id"] != "app" || got["plan"] != "gold" {
		t.Errorf("claims %v", got)
	}
	s.Clock.Advance(2 * time.Minute)
	reauthenticate(c)
	refreshed := c.Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200)
	c.AccessToken, _ = refreshed.Value("data", "access_token").(string)
	if got := claims(); got["auth_time"] != float64(began.Unix()) {
		t.Errorf("after a password auth_time is %v, that of the app was %d", got["auth_time"], began.Unix())
	}
	if _, err := s.Auth.VerifyAccessToken(t.Context(), c.RefreshToken); err == nil {
		t.Error("a refresh token is accepted as an access token")
	}
}

// A miscalculated age would otherwise let all users through.
func TestNegativeAgeIsNoPolicy(t *testing.T) {
	t.Parallel()
	s := start(t)
	defer func() {
		if recover() == nil {
			t.Error("a negative MaxAge is accepted")
		}
	}()
	s.Auth.RequireStepUp(allauth.StepUp{MaxAge: -time.Second})
}
