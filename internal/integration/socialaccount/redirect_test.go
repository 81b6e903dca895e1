package socialaccount_test

import (
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/socialaccount"
)

func TestRedirectLogsInAndIn(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	if where := w.through(c, "login", userForm("Ann", "ann@example.org")); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	answer := c.Get("auth/session").LoggedIn("ann@example.org")
	id := answer.Value("data", "user", "id")
	methods, _ := answer.Value("data", "methods").([]any)
	method, _ := methods[0].(map[string]any)
	if len(methods) != 1 || method["method"] != "socialaccount" || method["provider"] != "op" || method["uid"] != "name:ann" {
		t.Fatalf("methods: %s", answer.Text)
	}
	again := w.Client(browser)
	w.through(again, "login", userForm("Ann", "other@example.org"))
	if got := again.Get("auth/session").Status(200).Value("data", "user", "id"); got != id {
		t.Fatalf("user %v at the second login, %v at the first", got, id)
	}
	if emails := again.Get("account/email").Status(200).Text; strings.Contains(emails, "other@example.org") {
		t.Fatalf("a later login changed the addresses: %s", emails)
	}
}

func TestRedirectRenewsTheSession(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
	before := c.Cookie("sessionid")
	w.comeBack(c, callback)
	if after := c.Cookie("sessionid"); before == "" || after == "" || after == before {
		t.Fatalf("session %q before the login, %q after", before, after)
	}
}

func TestRedirectSendsStateNonceAndChallenge(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	seen := map[string]bool{}
	for range 2 {
		u, err := url.Parse(w.begin(c, "op", "login", "/done"))
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" ||
			q.Get("redirect_uri") != w.URL+"/_allauth/provider/op/callback" {
			t.Fatalf("authorization request: %s", u)
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if len(q.Get(name)) < 40 || seen[q.Get(name)] {
				t.Fatalf("%s %q is too short or was used before", name, q.Get(name))
			}
			seen[q.Get(name)] = true
		}
	}
}

func TestRedirectConnects(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.SignUp(browser, "ann@example.org")
	if where := w.through(c, "connect", userForm("Ann", "elsewhere@example.org")); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	if got := uids(c); !slices.Equal(got, []string{"name:ann"}) {
		t.Fatalf("connected: %v", got)
	}
	if mail := w.Mail("ann@example.org"); mail.Kind != "socialaccount/account_connected" {
		t.Fatalf("mail %s", mail.Kind)
	}
	if emails := c.Get("account/email").Text; strings.Contains(emails, "elsewhere") {
		t.Fatalf("connecting added an address: %s", emails)
	}
	other := w.Client(browser)
	w.through(other, "login", userForm("Ann", ""))
	other.Get("auth/session").LoggedIn("ann@example.org")
}

func TestRedirectTellsWhatWentWrong(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.through(w.Client(browser), "login", userForm("Bob", "bob@example.org"))
	anonymous, ann := w.Client(browser), w.SignUp(browser, "ann@example.org")
	stale := w.LogIn(browser, "ann@example.org")
	for name, step := range map[string]struct {
		where, want string
	}{
		"declined":  {w.through(anonymous, "login", url.Values{}), failed("/done", "cancelled", "login")},
		"anonymous": {w.through(anonymous, "connect", userForm("Ann", "")), failed("/done", "permission_denied", "connect")},
		"other's":   {w.through(ann, "connect", userForm("Bob", "")), failed("/done", "connected_other", "connect")},
	} {
		if step.where != step.want {
			t.Errorf("%s: lands at %s, want %s", name, step.where, step.want)
		}
	}
	w.Clock.Advance(10 * time.Minute)
	callback := w.pick(w.begin(stale, "op", "connect", "/done?x=1#there"), userForm("Ann", ""))
	if where, want := w.comeBack(stale, callback), "/done?x=1&error=reauthentication_required&error_process=connect#there"; where != want {
		t.Errorf("stale: lands at %s, want %s", where, want)
	}
	if got := uids(ann); got != nil {
		t.Errorf("connected all the same: %v", got)
	}
}

func TestRedirectWhileSignupIsClosed(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) { cfg.Account.SignupClosed = true })
	if where := w.through(w.Client(browser), "login", userForm("Ann", "ann@example.org")); where != failed("/done", "signup_closed", "login") {
		t.Fatalf("lands at %s", where)
	}
}

func TestProviderThatIsDown(t *testing.T) {
	t.Parallel()
	w := start(t)
	if err := w.op.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if where := w.begin(w.Client(browser), "op", "login", "/done"); where != failed("/done", "unknown", "login") {
		t.Fatalf("lands at %s", where)
	}
}

func TestReauthenticationThroughProvider(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	w.through(c, "login", userForm("Ann", "ann@example.org"))
	w.Clock.Advance(10 * time.Minute)
	answer := c.Post("account/password/change", body{"new_password": "brand-new-pass-7"}).Status(401)
	if flows := answer.Flows(); !slices.Equal(flows, []string{login.FlowProviderReauthenticate}) {
		t.Fatalf("flows %v", flows)
	}
	target := w.begin(c, "op", "login", "/done")
	if !strings.Contains(target, "prompt=login") {
		t.Fatalf("the provider is not asked to have the user log in again: %s", target)
	}
	if where := w.comeBack(c, w.pick(target, userForm("Ann", ""))); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	methods, _ := c.Get("auth/session").LoggedIn("ann@example.org").Value("data", "methods").([]any)
	last, _ := methods[len(methods)-1].(map[string]any)
	if len(methods) != 2 || last["reauthenticated"] != true {
		t.Fatalf("methods %v", methods)
	}
	c.Post("account/password/change", body{"new_password": "brand-new-pass-7"}).Status(200)
}

func TestLoginAsAnotherUser(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.SignUp(browser, "ann@example.org")
	if where := w.through(c, "login", userForm("Bob", "bob@example.org")); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	answer := c.Get("auth/session").LoggedIn("bob@example.org")
	if methods, _ := answer.Value("data", "methods").([]any); len(methods) != 1 {
		t.Fatalf("methods of two users in one session: %s", answer.Text)
	}
}

func TestCallbackPathsOfDjango(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) {
		cfg.CallbackPath = socialaccount.DjangoCallbackPath
		cfg.OpenIDConnectCallbackPath = socialaccount.DjangoOpenIDConnectCallbackPath
	}))
	c := w.Client(browser)
	callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
	if !strings.HasPrefix(callback, w.URL+"/accounts/oidc/op/login/callback/?") {
		t.Fatalf("callback %s", callback)
	}
	if where := w.comeBack(c, callback); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	c.Get("auth/session").LoggedIn("ann@example.org")
}

func TestFrontEndErrorPage(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.Headless.FrontendURLs.SocialLoginError = "https://app.example.org/failed?from=provider"
	})
	want := "https://app.example.org/failed?from=provider&error=unknown&error_process=login"
	for _, form := range [][3]string{
		{"", "login", "/done"}, {"unknown", "login", "/done"}, {"op", "", "/done"}, {"op", "redirect", "/done"}, {"op", "connect", ""},
		{"op", "connect", "https://evil.example.net/"},
	} {
		if where := w.begin(w.Client(browser), form[0], form[1], form[2]); where != want {
			t.Errorf("%v: lands at %s", form, where)
		}
	}
}

func TestStartByMultipartForm(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	c.Get("config")
	var text strings.Builder
	form := multipart.NewWriter(&text)
	for name, value := range map[string]string{
		"provider": "op", "process": "login", "callback_url": "/done", "csrfmiddlewaretoken": c.Cookie("csrftoken"),
	} {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	response, err := c.HTTP.Post(c.URL("auth/provider/redirect"), form.FormDataContentType(), strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if where := response.Header.Get("Location"); response.StatusCode != 302 || !strings.HasPrefix(where, w.op.Issuer()) {
		t.Fatalf("status %d, sent to %s", response.StatusCode, where)
	}
}

// The provider was asked to authenticate the user again, and did not.
func TestReauthenticationIsMoreThanAnOldSession(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	w.through(c, "login", userForm("Ann", "ann@example.org"))
	w.editID = func(claims map[string]any) { claims["auth_time"] = w.Clock.Now().Add(-time.Hour).Unix() }
	if where := w.through(c, "login", userForm("Ann", "")); where != failed("/done", "reauthentication_required", "login") {
		t.Fatalf("lands at %s", where)
	}
	if methods, _ := c.Get("auth/session").LoggedIn("ann@example.org").Value("data", "methods").([]any); len(methods) != 1 {
		t.Fatalf("methods %v", methods)
	}
	// A first login may use the provider's own session.
	w.through(w.Client(browser), "login", userForm("Bob", "bob@example.org"))
}
