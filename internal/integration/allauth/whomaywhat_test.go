package allauth_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// role is who makes a request.
type role string

const (
	anonymous    role = "anonymous"
	user         role = "user"
	impersonated role = "impersonated" // by Sue
	disabled     role = "disabled"     // since the login
)

var roles = []role{anonymous, user, impersonated, disabled}

// clientOf returns a client of the role. The user is Ann.
func (s *support) clientOf(r role, kind clienttest.Kind) *clienttest.Client {
	s.t.Helper()
	switch r {
	case user:
		return s.LogIn(kind, "ann@example.org")
	case impersonated:
		return s.acting(kind)
	case disabled:
		c := s.SignUp(kind, "dan."+string(kind)+"@example.org")
		s.disable(userID(s.t, c), true)
		return c
	}
	return s.Client(kind)
}

// everyEndpoint turns on all endpoints.
func everyEndpoint(cfg *allauth.Config) {
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
	cfg.Account.Phone = &account.PhoneConfig{}
	cfg.MFA = &mfa.Config{
		SupportedTypes:      []mfa.Type{mfa.RecoveryCodes, mfa.TOTP, mfa.WebAuthn},
		PasskeyLoginEnabled: true, PasskeySignupEnabled: true, TrustEnabled: true, WebAuthnRPID: "example.org", WebAuthnOrigins: []string{"https://example.org"},
	}
	cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{Provider: "github", ClientID: "id", ClientSecret: "secret"}}}
	cfg.Users.DeletionEnabled, cfg.Users.ExportEnabled = true, true
	cfg.DisableRateLimits = true
	cfg.Audit = &audit.Config{ShowToUsers: true}
}

// endpoint is an operation of the API.
type endpoint struct {
	method, path string
	kinds        []clienttest.Kind
	// login is true if the document offers no way to call it without a session.
	login bool
}

// whileImpersonated are the only endpoints that an impersonation reaches.
var whileImpersonated = []string{"GET config", "GET auth/session", "DELETE auth/session"}

// endpoints returns all operations of the API that concern a session.
func endpoints(t *testing.T) []endpoint {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(headless.Specification(), &document); err != nil {
		t.Fatal(err)
	}
	var list []endpoint
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			text, ok := document.Paths[path][method]
			rest, found := strings.CutPrefix(path, "/_allauth/")
			client, name, isEndpoint := strings.Cut(rest, "/v1/")
			if !ok || !found || !isEndpoint {
				continue
			}
			var operation struct{ Security []map[string]any }
			if err := json.Unmarshal(text, &operation); err != nil {
				t.Fatal(err)
			}
			e := endpoint{method: strings.ToUpper(method), path: name, kinds: []clienttest.Kind{clienttest.App, clienttest.Browser}, login: true}
			if client != "{client}" {
				e.kinds = []clienttest.Kind{clienttest.Kind(client)}
			}
			for _, requirement := range operation.Security {
				_, csrf := requirement["CSRFToken"]
				if len(requirement) == 0 || csrf && len(requirement) == 1 {
					e.login = false
				}
			}
			list = append(list, e)
		}
	}
	return list
}

// Every endpoint, for everyone: those of accounts need a user, and an impersonation
// reaches three endpoints and nothing else. An impersonation that is over reaches no more.
func TestWhoMayCallWhichEndpoint(t *testing.T) {
	t.Parallel()
	s := openSupport(t, everyEndpoint)
	all := endpoints(t)
	if len(all) < 60 {
		t.Fatalf("%d endpoints", len(all))
	}
	for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
		acting := s.clientOf(impersonated, kind)
		token, jar := acting.Token, acting.Clone().HTTP.Jar
		for _, e := range all {
			if !slices.Contains(e.kinds, kind) {
				continue
			}
			what := e.method + " " + e.path
			acting.Token, acting.HTTP.Jar = token, jar
			switch {
			case e.path == "auth/session": // TestSupportActsAsAUser
			case slices.Contains(whileImpersonated, what):
				acting.Do(e.method, e.path, nil).Status(200)
			default:
				if a := acting.Do(e.method, e.path, clienttest.Body{}).Status(403); !strings.Contains(a.Text, `"code":"impersonated"`) {
					t.Errorf("%s of %s in an impersonation: %s", what, kind, a.Text)
				}
			}
			for _, r := range []role{anonymous, disabled} {
				a := s.cached(r, kind).Do(e.method, e.path, clienttest.Body{})
				if e.login && !slices.Contains([]int{401, 409, 410}, a.StatusCode) || a.StatusCode == 403 {
					t.Errorf("%s of %s as %s: %s", what, kind, r, a.Text)
				}
			}
			a := s.cached(user, kind).Do(e.method, e.path, clienttest.Body{})
			unknown := e.login && a.StatusCode == 401 && a.Value("meta", "is_authenticated") != true
			if a.StatusCode == 403 || unknown && e.path != "auth/2fa/trust" { // at which no login waits
				t.Errorf("%s of %s as a user: %s", what, kind, a.Text)
			}
		}
		if u, actor := s.me(acting); u != s.ann || actor != s.sue {
			t.Errorf("afterwards: user %s, actor %s", u, actor)
		}
	}
	browser := s.acting(clienttest.Browser)
	if p := s.visit(browser, http.MethodGet, "/_allauth/provider/github/callback?state=x&code=y", nil); p.StatusCode != http.StatusFound {
		t.Errorf("callback: %d", p.StatusCode)
	}
	if u, actor := s.me(browser); u != s.ann || actor != s.sue {
		t.Errorf("after the callback: user %s, actor %s", u, actor)
	}
}

// cached returns a client of the role; each kind has one of its own, as long as its session
// lasts.
func (s *support) cached(r role, kind clienttest.Kind) *clienttest.Client {
	s.t.Helper()
	key := string(r) + " " + string(kind)
	if s.clients == nil {
		s.clients = map[string]*clienttest.Client{}
	}
	if s.clients[key] == nil || r == user && s.clients[key].Get("auth/session").StatusCode != 200 {
		s.clients[key] = s.clientOf(r, kind)
	}
	return s.clients[key]
}

// administrative is a call of the host in a request of a role.
type administrative struct {
	name string
	// do makes the call. target is the id of a user.
	do func(s *support, w http.ResponseWriter, r *http.Request, target string) error
	// want are the errors by role, nil for a call that succeeds.
	want map[role]error
	// disabledTarget is the error if the target is disabled.
	disabledTarget error
}

// administrativeCalls are the calls that a host makes in a request.
var administrativeCalls = []administrative{
	{"Impersonate", func(s *support, w http.ResponseWriter, r *http.Request, target string) error {
		return s.Auth.Impersonate(w, r, target, "ticket 7")
	}, map[role]error{anonymous: authn.ErrForbidden, user: authn.ErrForbidden, impersonated: authn.ErrForbidden, disabled: authn.ErrForbidden}, authn.ErrForbidden},
	{"LogIn", func(s *support, w http.ResponseWriter, r *http.Request, target string) error {
		_, err := s.Auth.LogIn(w, r, target, allauth.LoginOptions{SecondFactorChecked: true})
		return err
	}, map[role]error{impersonated: authn.ErrForbidden}, authn.ErrForbidden},
	{"NewSessionToken", func(s *support, _ http.ResponseWriter, r *http.Request, target string) error {
		_, err := s.Auth.NewSessionToken(r.Context(), target, allauth.LoginOptions{SecondFactorChecked: true})
		return err
	}, nil, authn.ErrForbidden},
	{"LogOut", func(s *support, w http.ResponseWriter, r *http.Request, _ string) error { return s.Auth.LogOut(w, r) }, nil, nil},
	{"RequireLogin", require((*allauth.Auth).RequireLogin), map[role]error{anonymous: errRefused, disabled: errRefused}, nil},
	{"RequireRecent", require((*allauth.Auth).RequireRecent), map[role]error{anonymous: errRefused, impersonated: errRefused, disabled: errRefused}, nil},
	{"RequireMFA", require((*allauth.Auth).RequireMFA), map[role]error{anonymous: errRefused, user: errRefused, impersonated: errRefused, disabled: errRefused}, nil},
	{"RequireRecentMFA", require((*allauth.Auth).RequireRecentMFA), map[role]error{anonymous: errRefused, user: errRefused, impersonated: errRefused, disabled: errRefused}, nil},
}

var errRefused = errors.New("the middleware answered")

// require returns a call that succeeds if the middleware lets the request pass.
func require(middleware func(a *allauth.Auth, next http.Handler) http.Handler) func(*support, http.ResponseWriter, *http.Request, string) error {
	return func(s *support, _ http.ResponseWriter, r *http.Request, _ string) error {
		err := errRefused
		middleware(s.Auth, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { err = nil })).ServeHTTP(httptest.NewRecorder(), r)
		return err
	}
}

// Every administrative call, in a request of everyone, for a user and for a disabled one.
func TestWhoMayMakeWhichCall(t *testing.T) {
	t.Parallel()
	s := openSupport(t)
	var call func(w http.ResponseWriter, r *http.Request) error
	s.handle("POST /desk", func(w http.ResponseWriter, r *http.Request) {
		if err := call(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	target, off := s.SignUp(clienttest.App, "ben@example.org"), s.SignUp(clienttest.App, "eve@example.org")
	targetID, offID := userID(t, target), userID(t, off)
	s.disable(offID, true)
	made := func(a administrative, c *clienttest.Client, id string) (err error) {
		call = func(w http.ResponseWriter, r *http.Request) error {
			err = a.do(s, w, r, id)
			return err
		}
		s.visit(c, http.MethodPost, "/desk", url.Values{})
		return err
	}
	for _, a := range administrativeCalls {
		for _, r := range roles {
			c := s.cached(r, clienttest.Browser).Clone()
			if r == user || r == impersonated {
				c = s.clientOf(r, clienttest.Browser) // the call may end the session
			}
			if err := made(a, c, targetID); !errors.Is(err, a.want[r]) {
				t.Errorf("%s as %s: %v, want %v", a.name, r, err, a.want[r])
			}
		}
		if a.disabledTarget == nil {
			continue
		}
		if err := made(a, s.agent(clienttest.Browser), offID); !errors.Is(err, a.disabledTarget) {
			t.Errorf("%s for a disabled user: %v, want %v", a.name, err, a.disabledTarget)
		}
	}
}
