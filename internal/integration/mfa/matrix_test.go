package mfa_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

var update = flag.Bool("update", false, "write the table of ways and policies to docs/passkeys.md")

// policies are the columns of the table. A later policy is tried three minutes after the
// login.
var policies = []struct {
	name, path string
	later      bool
	protect    func(a *allauth.Auth) func(http.Handler) http.Handler
}{
	{"`RequireLogin`", "login", false, func(a *allauth.Auth) func(http.Handler) http.Handler { return a.RequireLogin }},
	{"`RequireRecent`", "recent", false, func(a *allauth.Auth) func(http.Handler) http.Handler { return a.RequireRecent }},
	{"`RequireMFA`", "mfa", false, func(a *allauth.Auth) func(http.Handler) http.Handler { return a.RequireMFA }},
	{"`StepUp{MFA}`", "stepup", false, func(a *allauth.Auth) func(http.Handler) http.Handler {
		return a.RequireStepUp(allauth.StepUp{MFA: true})
	}},
	{"`StepUp{PhishingResistant}`", "phr", false, func(a *allauth.Auth) func(http.Handler) http.Handler {
		return a.RequireStepUp(allauth.StepUp{PhishingResistant: true})
	}},
	{"`StepUp{MaxAge}`, later", "age", true, func(a *allauth.Auth) func(http.Handler) http.Handler {
		return a.RequireStepUp(allauth.StepUp{MaxAge: 2 * time.Minute})
	}},
}

// visitor is a user with what they log in with.
type visitor struct {
	t      *testing.T
	s      *clienttest.Server
	op     *demoprovider.Provider
	id     string
	email  string
	client *clienttest.Client
	// app, codes and key are the user's second factors, if they have them.
	app   *app
	codes []string
	key   *device
	// actor acts as the user, nil unless it does.
	actor *visitor
	// bearer sends the access token in place of the session token.
	bearer bool
	// stages are those at which the last login waited.
	stages []string
}

// loginWay is a row of the table.
type loginWay struct {
	name string
	// prepare makes the account.
	prepare func(v *visitor)
	// login logs in, with v.client. It returns nil if that is no login.
	login func(v *visitor) *clienttest.Answer
	// after runs after the login. It may be nil.
	after func(v *visitor)
}

var loginWaysOfUsers = []loginWay{
	{"password", (*visitor).signUp, (*visitor).byPassword, nil},
	{"password, app", (*visitor).withApp, (*visitor).byPassword, nil},
	{"password, recovery code", func(v *visitor) { v.withApp(); v.app = nil }, (*visitor).byPassword, nil},
	{"password, security key", func(v *visitor) { v.withKey(false) }, (*visitor).byPassword, nil},
	{"password, app, in a trusted browser", func(v *visitor) {
		v.withApp()
		v.client = v.s.Client(clienttest.Browser)
		v.finish(v.byPassword())
		v.client.Delete("auth/session", nil).Status(401)
	}, (*visitor).byPassword, nil},
	{"passkey", func(v *visitor) { v.withKey(true) }, (*visitor).byPasskey, nil},
	{"password, with the unconfirmed passkey of an upgrade", (*visitor).withSilentKey, (*visitor).byPassword, nil},
	{"passkey of an upgrade", (*visitor).withSilentKey, (*visitor).byPasskey, nil},
	{"mailed code", (*visitor).signUp, func(v *visitor) *clienttest.Answer {
		return v.client.Post("auth/code/request", body{"email": v.email})
	}, nil},
	{"password reset", (*visitor).signUp, func(v *visitor) *clienttest.Answer {
		v.client.Post("auth/password/request", body{"email": v.email}).Status(200)
		return v.client.Post("auth/password/reset", body{"key": v.s.MailOf("account/password_reset_key", v.email).Key(), "password": password})
	}, nil},
	{"provider", (*visitor).byProviderOnce, (*visitor).byProvider, nil},
	{"sign-up", func(*visitor) {}, func(v *visitor) *clienttest.Answer {
		return v.client.Post("auth/signup", body{"email": v.email, "password": password})
	}, nil},
	{"`LogIn` of the host", (*visitor).signUp, func(v *visitor) *clienttest.Answer {
		return v.byHost(allauth.LoginOptions{})
	}, nil},
	{"`LogIn` of the host, `SecondFactorChecked`", (*visitor).signUp, func(v *visitor) *clienttest.Answer {
		return v.byHost(allauth.LoginOptions{SecondFactorChecked: true})
	}, nil},
	{"refresh token, six minutes after password and app", (*visitor).withApp, (*visitor).byPassword, func(v *visitor) {
		v.s.Clock.Advance(6 * time.Minute)
		refreshed := v.client.Post("tokens/refresh", body{"refresh_token": v.client.RefreshToken}).Status(200)
		v.client.AccessToken, _ = refreshed.Value("data", "access_token").(string)
		v.bearer = true
	}},
	{"impersonation, by an actor with an app", func(v *visitor) {
		v.signUp()
		v.actor = &visitor{t: v.t, s: v.s, email: "sue@example.org"}
		v.actor.withApp()
	}, func(v *visitor) *clienttest.Answer {
		v.actor.client = v.s.Client(clienttest.App)
		v.actor.finish(v.actor.byPassword())
		response := v.actor.visit(http.MethodPost, "/impersonate/"+v.id)
		if response.StatusCode != 200 {
			v.t.Fatalf("impersonate: %d", response.StatusCode)
		}
		v.client.Token, v.client.AccessToken = response.Header.Get("X-Session-Token"), response.Header.Get("X-Access-Token")
		return nil
	}, nil},
}

func (v *visitor) signUp() { v.id = userID(v.s.SignUp(clienttest.App, v.email)) }

func (v *visitor) withApp() {
	v.signUp()
	owner := v.s.LogIn(clienttest.App, v.email)
	v.app = addApp(v.t, v.s, owner)
	v.codes = codesOf(owner)
}

func (v *visitor) withKey(passkey bool) {
	v.signUp()
	v.key = addKey(v.t, v.s, v.s.LogIn(clienttest.App, v.email), passkey)
}

func (v *visitor) withSilentKey() {
	v.signUp()
	c, d := v.s.LogIn(clienttest.App, v.email), silentDevice(v.t, v.s)
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(upgradePath)))}).Status(200)
	v.key = d.touched()
}

func (v *visitor) byPassword() *clienttest.Answer {
	return v.client.Post("auth/login", body{"email": v.email, "password": password})
}

func (v *visitor) byPasskey() *clienttest.Answer {
	return v.client.Post(loginPath, body{"credential": v.key.get(request(v.client.Get(loginPath)))})
}

func (v *visitor) byProvider() *clienttest.Answer {
	v.t.Helper()
	now := v.s.Clock.Now().Unix()
	text, err := v.op.IDToken(map[string]any{"iat": now, "exp": now + 60, "sub": v.email, "name": "Ann", "email": v.email, "email_verified": true})
	if err != nil {
		v.t.Fatal(err)
	}
	return v.client.Post("auth/provider/token", body{"provider": "op", "process": "login", "token": body{"client_id": "op", "id_token": text}})
}

func (v *visitor) byProviderOnce() {
	v.byProvider().LoggedIn(v.email)
	v.client = v.s.Client(clienttest.App)
}

func (v *visitor) byHost(options allauth.LoginOptions) *clienttest.Answer {
	v.t.Helper()
	result, err := v.s.Auth.NewSessionToken(v.t.Context(), v.id, options)
	if err != nil {
		v.t.Fatal(err)
	}
	v.client.Token, v.client.AccessToken = result.SessionToken, result.AccessToken
	return v.client.Get("auth/session")
}

// finish takes a login through its stages, up to an enrolment.
func (v *visitor) finish(a *clienttest.Answer) {
	v.t.Helper()
	v.stages = nil
	for a != nil && a.StatusCode != 200 {
		stages := []string{"login_by_code", "verify_email", "mfa_authenticate", "mfa_trust", "mfa_enroll"}
		i := slices.IndexFunc(stages, a.IsPending)
		if i < 0 {
			v.t.Fatalf("after %v: %s", v.stages, a.Text)
		}
		v.stages = append(v.stages, stages[i])
		switch stages[i] {
		case "login_by_code":
			a = v.client.Post("auth/code/confirm", body{"code": v.s.MailOf("account/login_code", v.email).Code()})
		case "verify_email":
			a = v.client.Post("auth/email/verify", body{"key": v.s.Mail(v.email).Code()})
		case "mfa_trust":
			a = v.client.Post("auth/2fa/trust", body{"trust": true})
		case "mfa_enroll":
			return
		default:
			a = v.factor()
		}
	}
}

// factor shows the second factor.
func (v *visitor) factor() *clienttest.Answer {
	switch {
	case v.app != nil:
		return v.client.Post("auth/2fa/authenticate", body{"code": v.app.code(0)})
	case v.key != nil:
		return v.client.Post(authenticatePath, body{"credential": v.key.get(request(v.client.Get(authenticatePath)))})
	}
	code := v.codes[0]
	v.codes = v.codes[1:]
	return v.client.Post("auth/2fa/authenticate", body{"code": code})
}

// visit sends a request to a route of the host.
func (v *visitor) visit(method, path string) *http.Response {
	v.t.Helper()
	base, _, _ := strings.Cut(v.client.URL("config"), "/_allauth/")
	r, err := http.NewRequest(method, base+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	if v.bearer {
		r.Header.Set("Authorization", "Bearer "+v.client.AccessToken)
	} else if v.client.Token != "" {
		r.Header.Set("X-Session-Token", v.client.Token)
	}
	response, err := v.client.HTTP.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	return response
}

// outcome returns what a policy says to the visitor: yes, or what to do, or no.
func (v *visitor) outcome(path string) string {
	v.t.Helper()
	response := v.visit(http.MethodGet, path)
	var answer struct {
		Data struct {
			Flows []struct {
				ID    string
				Types []string
			}
		}
		Errors []struct{ Code string }
	}
	err := json.NewDecoder(response.Body).Decode(&answer)
	switch {
	case response.StatusCode == http.StatusNoContent:
		return "yes"
	case err != nil:
		v.t.Fatalf("%s: status %d: %v", path, response.StatusCode, err)
	case response.StatusCode == http.StatusForbidden:
		return "403 `" + answer.Errors[0].Code + "`"
	}
	var flows []string
	for _, f := range answer.Data.Flows {
		flows = append(flows, "`"+f.ID+"`")
	}
	return fmt.Sprintf("%d %s", response.StatusCode, strings.Join(flows, ", "))
}

// claims returns the claims of the visitor's access token.
func (v *visitor) claims() (claims struct {
	ACR      string
	AMR      []string
	AuthTime int64 `json:"auth_time"`
}) {
	v.t.Helper()
	parts := strings.Split(v.client.AccessToken, ".")
	if len(parts) != 3 { // of a browser
		return claims
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return claims
}

// startMatrix starts a server with all ways in, and with a route for each policy.
func startMatrix(t *testing.T) (*clienttest.Server, *requirement, *demoprovider.Provider) {
	t.Helper()
	op, err := demoprovider.Start(demoprovider.Config{ClientID: "op", ClientSecret: "secret", Key: demoprovider.SharedKey()}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = op.Close(t.Context()) })
	rule := &requirement{}
	s := start(t, withTokens, rule.edit, clienttest.Unlimited, func(cfg *allauth.Config) {
		cfg.MFA.PasskeyUpgradeEnabled = true
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
		cfg.Account.LoginOnPasswordReset = true
		cfg.MayImpersonate = mayImpersonate
		cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{
			Provider: "openid_connect", ProviderID: "op", Name: "OP", ClientID: "op", ClientSecret: "secret",
			Settings: provider.Settings{ServerURL: op.Issuer()},
		}}}
	})
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", s.Auth)
	for _, p := range policies {
		mux.Handle("GET /"+p.path, p.protect(s.Auth)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	}
	mux.HandleFunc("POST /impersonate/{id}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Auth.Impersonate(w, r, r.PathValue("id"), "ticket 7"); err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusForbidden)
		}
	})
	s.Handler = s.Auth.Middleware(mux)
	return s, rule, op
}

// The table of the documentation says what each way to log in lets through.
func TestWhatEachWayLetsThrough(t *testing.T) {
	rows := make([]string, len(loginWaysOfUsers))
	t.Run("ways", func(t *testing.T) {
		for i, way := range loginWaysOfUsers {
			t.Run(way.name, func(t *testing.T) {
				t.Parallel()
				rows[i] = row(t, way)
			})
		}
	})
	head := "| Way in |"
	for _, p := range policies {
		head += " " + p.name + " |"
	}
	head += " `RequiredFor` | `amr` |\n" + strings.Repeat("|---", len(policies)+3) + "|\n"
	const page = "../../../docs/passkeys.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), head)
	old, after, _ := strings.Cut(rest, "\n\n")
	if !found {
		t.Fatalf("%s has no table that begins with\n%s", page, head)
	}
	if table := strings.Join(rows, ""); table != old+"\n" && !t.Failed() {
		t.Errorf("the table differs; run this test with -update. It is now\n%s", head+table)
		if *update {
			if err := os.WriteFile(page, []byte(before+head+table+"\n"+after), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// row returns a row of the table.
func row(t *testing.T, way loginWay) string {
	t.Helper()
	s, rule, op := startMatrix(t)
	v := &visitor{t: t, s: s, op: op, email: ann, client: s.Client(clienttest.App)}
	way.prepare(v)
	if v.client.Kind == clienttest.App {
		v.client = s.Client(clienttest.App)
	}
	s.Clock.Advance(6 * time.Minute)
	v.finish(way.login(v))
	if way.after != nil {
		way.after(v)
	}
	cells, results := []string{way.name}, map[string]string{}
	for _, p := range policies {
		if p.later {
			continue
		}
		results[p.path] = v.outcome("/" + p.path)
	}
	claims := v.claims()
	s.Clock.Advance(3 * time.Minute)
	for _, p := range policies {
		if p.later {
			results[p.path] = v.outcome("/" + p.path)
		}
		cells = append(cells, results[p.path])
	}
	checkClaims(t, v, claims.ACR, claims.AMR, results)

	rule.on.Store(true)
	second := &visitor{t: t, s: s, op: op, id: v.id, email: v.email, client: v.client, app: v.app, codes: v.codes, key: v.key, actor: v.actor}
	switch {
	case v.client.Kind == clienttest.Browser: // the same browser
		v.client.Delete("auth/session", nil).Status(401)
	case v.id == "" && !strings.HasPrefix(way.name, "provider"): // a sign-up
		second.email = bob
		fallthrough
	default:
		second.client = s.Client(clienttest.App)
	}
	answer := way.login(second)
	second.finish(answer)
	required := "yes"
	switch {
	case answer == nil:
		required = "no login"
	case slices.Contains(second.stages, "mfa_enroll"):
		required = "`" + strings.Join(second.stages, "`, `") + "`"
	}
	amr := "none"
	if len(claims.AMR) > 0 {
		amr = "`" + strings.Join(claims.AMR, "`, `") + "`"
	} else if v.client.Kind == clienttest.Browser {
		amr = "no token"
	}
	return "| " + strings.Join(append(cells, required, amr), " | ") + " |\n"
}

// checkClaims compares the claims with what the routes of this server say.
func checkClaims(t *testing.T, v *visitor, acr string, amr []string, results map[string]string) {
	t.Helper()
	if results["mfa"] != results["stepup"] {
		t.Errorf("RequireMFA says %s, StepUp{MFA} %s", results["mfa"], results["stepup"])
	}
	if slices.Contains(amr, "hwk") || slices.Contains(amr, "swk") {
		t.Errorf("amr %v, but nothing attests where a key is", amr)
	}
	if v.client.Kind == clienttest.Browser {
		return
	}
	const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
	want := ""
	switch {
	case results["phr"] == "yes":
		want = "phr"
	case results["mfa"] == "yes":
		want = multiFactor
	}
	if acr != want || slices.Contains(amr, "mfa") != (want != "") {
		t.Errorf("acr %q and amr %v, want %q", acr, amr, want)
	}
}

func mayImpersonate(_ context.Context, actor, _ *authn.User, _ string) error {
	if actor.ID == "" {
		return errors.New("no actor")
	}
	return nil
}
