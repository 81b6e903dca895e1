package allauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
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
	"github.com/allauth-go/allauth/users"
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
	cfg.Account.LoginAlerts = true
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
	}, map[role]error{impersonated: authn.ErrForbidden}, authn.ErrForbidden},
	{"LogOut", func(s *support, w http.ResponseWriter, r *http.Request, _ string) error { return s.Auth.LogOut(w, r) }, nil, nil},
	{"CallEndpoint", func(s *support, w http.ResponseWriter, r *http.Request, _ string) error {
		answer, err := s.Auth.CallEndpoint(w, r, http.MethodGet, "account/email", nil)
		if err == nil && answer.Status != http.StatusOK {
			err = errRefused
		}
		return err
	}, map[role]error{anonymous: errRefused, impersonated: errRefused, disabled: errRefused}, nil},
	{"RequireLogin", require((*allauth.Auth).RequireLogin), map[role]error{anonymous: errRefused, disabled: errRefused}, nil},
	{"RequireRecent", require((*allauth.Auth).RequireRecent), map[role]error{anonymous: errRefused, impersonated: errRefused, disabled: errRefused}, nil},
	{"RequireMFA", require((*allauth.Auth).RequireMFA), map[role]error{anonymous: errRefused, user: errRefused, impersonated: errRefused, disabled: errRefused}, nil},
	{"RequireStepUp", require(func(a *allauth.Auth, next http.Handler) http.Handler {
		return a.RequireStepUp(allauth.StepUp{PhishingResistant: true})(next)
	}), map[role]error{anonymous: errRefused, user: errRefused, impersonated: errRefused, disabled: errRefused}, nil},
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

// userCall is a call of Users.
type userCall struct {
	do func(u *allauth.Users, ctx context.Context, id string) error
	// writes is true if the call publishes an event.
	writes bool
	// disabledTarget is the error if the target is disabled.
	disabledTarget error
}

const newEmail = "new@example.org"

// userCalls are the calls of Users by their names. They ask nothing of the actor: the host
// decides who makes them.
var userCalls = map[string]userCall{
	"ByID": {do: func(u *allauth.Users, ctx context.Context, id string) error { return second(u.ByID(ctx, id)) }},
	"ByEmail": {do: func(u *allauth.Users, ctx context.Context, _ string) error {
		return second(u.ByEmail(ctx, "tom@example.org"))
	}},
	"ByPhone": {do: func(u *allauth.Users, ctx context.Context, _ string) error {
		return second(u.ByPhone(ctx, "+31612345678"))
	}},
	"List": {do: func(u *allauth.Users, ctx context.Context, _ string) error {
		return second(u.List(ctx, users.Filter{}))
	}},
	"Sessions": {do: func(u *allauth.Users, ctx context.Context, id string) error { return second(u.Sessions(ctx, id)) }},
	"ByUsername": {do: func(u *allauth.Users, ctx context.Context, _ string) error {
		return second(u.ByUsername(ctx, "tom"))
	}},
	"Create": {writes: true, do: func(u *allauth.Users, ctx context.Context, _ string) error {
		return second(u.Create(ctx, users.Create{}))
	}},
	"CreateMany": {writes: true, do: func(u *allauth.Users, ctx context.Context, _ string) error {
		return second(u.CreateMany(ctx, []users.Create{{}}))
	}},
	"Update": {writes: true, do: func(u *allauth.Users, ctx context.Context, id string) error {
		return u.Update(ctx, id, users.Update{Display: new("Tom")})
	}},
	"SetPassword": {writes: true, do: func(u *allauth.Users, ctx context.Context, id string) error {
		return u.SetPassword(ctx, id, "another-password")
	}},
	"Disable": {do: (*allauth.Users).Disable, writes: true},
	"Enable": {writes: true, do: func(u *allauth.Users, ctx context.Context, id string) error {
		return errors.Join(u.Disable(ctx, id), u.Enable(ctx, id))
	}},
	"EndSession": {writes: true, do: func(u *allauth.Users, ctx context.Context, id string) error {
		list, err := u.Sessions(ctx, id)
		if err != nil || len(list) != 1 {
			return fmt.Errorf("%d sessions, %w", len(list), err)
		}
		return u.EndSession(ctx, id, list[0].ID)
	}},
	"EndSessions": {do: (*allauth.Users).EndSessions, writes: true},
	"AddEmail": {writes: true, do: func(u *allauth.Users, ctx context.Context, id string) error {
		return u.AddEmail(ctx, id, newEmail, true)
	}},
	"SetEmailVerified": {writes: true, do: func(u *allauth.Users, ctx context.Context, id string) error {
		return u.SetEmailVerified(ctx, id, "tom@example.org")
	}},
	"SetPrimary": {writes: true, do: func(u *allauth.Users, ctx context.Context, id string) error {
		return errors.Join(u.AddEmail(ctx, id, newEmail, true), u.SetPrimary(ctx, id, newEmail))
	}},
	"ResetFactors":      {do: (*allauth.Users).ResetFactors, writes: true},
	"SendPasswordReset": {disabledTarget: authn.ErrConflict, do: func(u *allauth.Users, ctx context.Context, id string) error { return u.SendPasswordReset(ctx, id, "") }},
	"SendVerification":  {do: func(u *allauth.Users, ctx context.Context, id string) error { return u.SendVerification(ctx, id, "") }},
	"Invite": {writes: true, do: func(u *allauth.Users, ctx context.Context, _ string) error {
		invited, err := u.Create(ctx, users.Create{Emails: []users.Email{{Address: newEmail}}})
		if err != nil {
			return err
		}
		defer func() { _ = u.Delete(ctx, invited.ID) }() // of the test
		return u.Invite(ctx, invited.ID, "")
	}},
	"Deletion": {do: func(u *allauth.Users, ctx context.Context, id string) error {
		return missing(second(u.Deletion(ctx, id)))
	}},
	"CancelDeletion": {do: func(u *allauth.Users, ctx context.Context, id string) error {
		return missing(u.CancelDeletion(ctx, id))
	}},
	"Delete": {do: (*allauth.Users).Delete, writes: true},
	"Export": {writes: true, do: func(u *allauth.Users, ctx context.Context, id string) error { return second(u.Export(ctx, id)) }},
}

func second[T any](_ T, err error) error { return err }

// missing is nil if there is nothing, as every call of Deletion in the table finds none.
func missing(err error) error {
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	return fmt.Errorf("want ErrNotFound, got %w", err)
}

// Every call of Users, in a request of everyone, for a user and for a disabled one: its
// events name who made the request, and the actor of an impersonation.
func TestWhoActsInCallsOfUsers(t *testing.T) {
	t.Parallel()
	s := openSupport(t, func(cfg *allauth.Config) {
		cfg.DisableRateLimits = true
		cfg.Account.Phone = &account.PhoneConfig{}
	})
	var call func(ctx context.Context)
	s.handle("POST /users", func(_ http.ResponseWriter, r *http.Request) { call(r.Context()) })
	u := s.Auth.Users()
	made := func(c *clienttest.Client, do func(u *allauth.Users, ctx context.Context, id string) error, off bool) (actors []string, err error) {
		t.Helper()
		created, err := u.Create(t.Context(), users.Create{
			Username: "tom", Emails: []users.Email{{Address: "tom@example.org"}}, Phone: users.Phone{Number: "+31612345678"},
		})
		must(t, err)
		defer func() { must(t, u.Delete(t.Context(), created.ID)) }()
		must(t, second(s.Auth.NewSessionToken(t.Context(), created.ID, allauth.LoginOptions{AllowUnverified: true})))
		s.disable(created.ID, off)
		s.named("")
		call = func(ctx context.Context) { err = do(u, ctx, created.ID) }
		s.visit(c, http.MethodPost, "/users", url.Values{})
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, e := range s.events {
			actors = append(actors, e.ActorID)
		}
		return actors, err
	}
	for name, c := range userCalls {
		for r, actor := range map[role]string{anonymous: "", user: s.ann, impersonated: s.sue, disabled: ""} {
			actors, err := made(s.cached(r, clienttest.Browser), c.do, false)
			if err != nil || c.writes != (len(actors) > 0) || slices.ContainsFunc(actors, func(a string) bool { return a != actor }) {
				t.Errorf("%s as %s: actors %v of the events, want %q, and %v", name, r, actors, actor, err)
			}
		}
		if _, err := made(s.cached(user, clienttest.Browser), c.do, true); !errors.Is(err, c.disabledTarget) {
			t.Errorf("%s for a disabled user: %v, want %v", name, err, c.disabledTarget)
		}
	}
}

// withoutRoles are the methods of Auth that are the same for everyone: they describe the
// session, are called without a request, or have a test of their own.
var withoutRoles = []string{
	"ActorFrom", "AuditEvents", "Clean", "Close", "Diagnose", "ExportAuthenticators", "Format", "Frontend", "Health", "ImportAuthenticator", "JWKS", "LogValue", "MethodsFrom",
	"Middleware", "OpenAPI", "ProtectForms", "ProviderToken", "RekeySocialAccounts", "RelatedOrigins", "ServeHTTP", "UserFrom", "Users", "VerifyAccessToken",
}

// A new call gets a row in the tables above.
func TestTheTablesHaveEveryCall(t *testing.T) {
	t.Parallel()
	listed := slices.Clone(withoutRoles)
	for _, a := range administrativeCalls {
		listed = append(listed, a.name)
	}
	for of, want := range map[reflect.Type][]string{
		reflect.TypeFor[*allauth.Auth]():  listed,
		reflect.TypeFor[*allauth.Users](): slices.Collect(maps.Keys(userCalls)),
	} {
		var got []string
		for i := range of.NumMethod() {
			got = append(got, of.Method(i).Name)
		}
		if slices.Sort(want); !slices.Equal(got, want) { // Method is sorted by name
			t.Errorf("%s has %v, the tables have %v", of, got, want)
		}
	}
}
