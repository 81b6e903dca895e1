package socialaccount_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage/memstore"
)

func TestTokenLogsInAndIn(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		w := start(t)
		c := w.Client(kind)
		first := w.byToken(c, "login", claims("ann", "ann@example.org")).LoggedIn("ann@example.org")
		again := w.Client(kind)
		second := w.byToken(again, "login", claims("ann", "ann@example.org")).LoggedIn("ann@example.org")
		if a, b := first.Value("data", "user", "id"), second.Value("data", "user", "id"); a != b {
			t.Fatalf("users %v and %v", a, b)
		}
		if mails := w.Mails("ann@example.org"); mails != nil {
			t.Fatalf("mails %v", mails)
		}
	})
}

func TestTokenConnects(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		w := start(t)
		c := w.SignUp(kind, "ann@example.org")
		for range 2 { // connecting twice is not an error
			w.byToken(c, "connect", claims("ann", "")).LoggedIn("ann@example.org")
		}
		if got := uids(c); !slices.Equal(got, []string{"ann"}) {
			t.Fatalf("connected %v", got)
		}
		w.byToken(w.Client(kind), "connect", claims("bob", "")).Status(403)
		w.byToken(w.Client(kind), "login", claims("bob", "bob@example.org")).LoggedIn("bob@example.org")
		w.byToken(c, "connect", claims("bob", "")).Problems("connected_other")
		w.Clock.Advance(4 * time.Minute)
		fresh := w.LogIn(kind, "ann@example.org")
		w.Clock.Advance(3 * time.Minute)
		w.byToken(fresh, "connect", claims("carol", "")).LoggedIn("ann@example.org")
		w.Clock.Advance(3 * time.Minute)
		w.byToken(fresh, "connect", claims("dave", "")).Status(401)
	})
}

// A client reauthenticates its user and then repeats the request.
func TestTokenOutlivesReauthentication(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.SignUp(app, "ann@example.org")
	w.Clock.Advance(10 * time.Minute)
	token := w.idToken(claims("ann", ""))
	w.postToken(c, "connect", "op", "op", token).Status(401)
	c.Post("auth/reauthenticate", body{"password": clienttest.Password}).Status(200)
	w.postToken(c, "connect", "op", "op", token).LoggedIn("ann@example.org")
	w.postToken(c, "connect", "op", "op", token).Problems("token:invalid_token")
}

func TestTokenInput(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(app)
	good := body{"client_id": "op", "id_token": "x.y.z"}
	for name, test := range map[string]struct {
		body any
		want []string
	}{
		"nothing":             {body{}, []string{"provider:required", "process:required", "token:required", "token:invalid_token"}},
		"no provider":         {body{"process": "login", "token": good}, []string{"provider:required"}},
		"bad process":         {body{"provider": "op", "process": "redirect", "token": body{"client_id": "op"}}, []string{"process:invalid_choice", "token:token_required"}},
		"empty token":         {body{"provider": "op", "process": "login", "token": body{}}, []string{"token:required"}},
		"blank token":         {body{"provider": "op", "process": "login", "token": ""}, []string{"token:required", "token:invalid_token"}},
		"empty list":          {body{"provider": "op", "process": "login", "token": []any{}}, []string{"token:required", "token:invalid_token"}},
		"text":                {body{"provider": "op", "process": "login", "token": "x.y.z"}, []string{"token:invalid_token"}},
		"list":                {body{"provider": "op", "process": "login", "token": []any{1}}, []string{"token:invalid_token"}},
		"no client id":        {body{"provider": "op", "process": "login", "token": body{"id_token": "x"}}, []string{"token:client_id_required"}},
		"client id no text":   {body{"provider": "op", "process": "login", "token": body{"client_id": 1, "id_token": "x"}}, []string{"token:client_id_required"}},
		"unknown provider":    {body{"provider": "no", "process": "login", "token": good}, []string{"token:invalid_token"}},
		"unknown, no client":  {body{"provider": "no", "process": "login", "token": body{"id_token": "x"}}, []string{"token:client_id_required"}},
		"other client":        {body{"provider": "op", "process": "login", "token": body{"client_id": "x", "id_token": "x"}}, []string{"token:invalid_token"}},
		"no token at all":     {body{"provider": "op", "process": "login", "token": body{"client_id": "op"}}, []string{"token:token_required"}},
		"token no text":       {body{"provider": "op", "process": "login", "token": body{"client_id": "op", "id_token": 7, "access_token": "x"}}, []string{"token:token_required"}},
		"one token is enough": {body{"provider": "op", "process": "login", "token": body{"client_id": "op", "id_token": "x.y.z", "access_token": ""}}, []string{"token:invalid_token"}},
		"null is no token":    {body{"provider": "op", "process": "login", "token": body{"client_id": "op", "id_token": "x.y.z", "access_token": nil}}, []string{"token:invalid_token"}},
		"two empty tokens":    {body{"provider": "op", "process": "login", "token": body{"client_id": "op", "id_token": "", "access_token": nil}}, []string{"token:token_required"}},
		"not a token":         {body{"provider": "op", "process": "login", "token": good}, []string{"token:invalid_token"}},
		"by class":            {body{"provider": "openid_connect", "process": "login", "token": good}, []string{"token:invalid_token"}},
		"access token alone":  {body{"provider": "op", "process": "login", "token": body{"client_id": "op", "access_token": "x"}}, []string{"token:invalid_token"}},
		"number for provider": {body{"provider": 7, "process": "login", "token": good}, []string{"token:invalid_token"}},
	} {
		t.Run(name, func(t *testing.T) { c.Post("auth/provider/token", test.body).Problems(test.want...) })
	}
}

// Some providers return all groups of their users.
func TestLongTokens(t *testing.T) {
	t.Parallel()
	w := start(t)
	identity := claims("ann", "ann@example.org")
	identity["groups"] = strings.Repeat("a group and ", 1000)
	w.byToken(w.Client(app), "login", identity).LoggedIn("ann@example.org")
}

func TestTokenOfAnUnverifiedAddress(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(app)
	w.byToken(c, "login", unverified("ann", "ann@example.org")).Status(401).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": w.Mail("ann@example.org").Key()})
	w.byToken(w.Client(app), "login", unverified("ann", "ann@example.org")).LoggedIn("ann@example.org")
}

func TestEmailVerificationOfProviders(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) { cfg.EmailVerification = new(authn.VerificationNone) }))
	c := w.Client(app)
	w.byToken(c, "login", unverified("ann", "ann@example.org")).LoggedIn("ann@example.org")
	if text := c.Get("account/email").Text; text != `{"status":200,"data":[{"email":"ann@example.org","verified":false,"primary":true}]}` {
		t.Fatalf("an unverified address counts as verified: %s", text)
	}
	if mails := w.Mails("ann@example.org"); mails != nil {
		t.Fatalf("mails %v", mails)
	}
}

func TestProviderLoginPassesTheOtherStages(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"socialaccount"}}
	})
	for range 2 { // at sign-up and later
		c := w.Client(app)
		w.byToken(c, "login", claims("ann", "ann@example.org")).Status(401).Pending("login_by_code")
		answer := c.Post("auth/code/confirm", body{"code": w.Mail("ann@example.org").Code()}).LoggedIn("ann@example.org")
		if methods, _ := answer.Value("data", "methods").([]any); len(methods) != 2 {
			t.Fatalf("methods: %s", answer.Text)
		}
	}
}

func TestTokenOfWhoIsLoggedInReauthenticates(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(app)
	w.byToken(c, "login", claims("ann", "ann@example.org")).Status(200)
	w.Clock.Advance(10 * time.Minute)
	c.Delete("account/providers", body{"provider": "op", "account": "ann"}).Problems("no_password")
	c.Post("account/password/change", body{"new_password": "brand-new-pass-7"}).Status(401)
	old := c.Token
	answer := w.byToken(c, "login", claims("ann", "")).LoggedIn("ann@example.org")
	if methods, _ := answer.Value("data", "methods").([]any); len(methods) != 2 || c.Token == old {
		t.Fatalf("not renewed: %s", answer.Text)
	}
	c.Post("account/password/change", body{"new_password": "brand-new-pass-7"}).Status(200)
}

func TestTokenLimits(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.DisableRateLimits = false
		cfg.RateLimits = map[string]string{"login": "2/m/ip"}
	})
	c := w.Client(app)
	for range 2 {
		w.postToken(c, "login", "op", "op", "x.y.z").Problems("token:invalid_token")
	}
	w.postToken(c, "login", "op", "op", "x.y.z").Status(429)
}

// The same applies to providers of the host: some stores ignore trailing blanks
// in comparisons.
func TestUnusableIDsOfCustomProviders(t *testing.T) {
	t.Parallel()
	w, _, _ := withTokens(t, memstore.New(), false)
	for _, uid := range []string{"ann ", " ann", "ann\n", strings.Repeat("a", 256)} {
		w.Client(app).Post("auth/provider/token", body{"provider": "renewing", "process": "login", "token": body{"access_token": uid}}).
			Problems("token:invalid_token")
	}
}

// A login through a provider waits for the second factor, in both flows.
func TestAProviderIsOneFactor(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} })
	const ann = "ann@example.org"
	owner := w.Client(app)
	w.byToken(owner, "login", claims("name:ann", ann)).LoggedIn(ann)
	secret, _ := owner.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	code := func() body {
		w.t.Helper()
		w.Clock.Advance(30 * time.Second)
		text, err := totp.GenerateCode(secret, w.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return body{"code": text}
	}
	owner.Post("account/authenticators/totp", code()).Status(200)

	byToken := w.Client(app)
	w.byToken(byToken, "login", claims("name:ann", ann)).Status(401).Pending("mfa_authenticate")
	answer := byToken.Post("auth/2fa/authenticate", code()).LoggedIn(ann)
	if !strings.Contains(answer.Text, `"method":"socialaccount"`) || !strings.Contains(answer.Text, `"method":"mfa"`) {
		t.Errorf("methods: %s", answer.Text)
	}
	byRedirect := w.Client(browser)
	w.through(byRedirect, "login", userForm("Ann", ann))
	byRedirect.Get("auth/session").Status(401).Pending("mfa_authenticate")
	byRedirect.Post("auth/2fa/authenticate", code()).LoggedIn(ann)
}
