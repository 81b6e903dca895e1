package mfa_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

func TestSettingUpAnApp(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		happened := &events{}
		s := start(t, happened.collect)
		c := s.SignUp(kind, ann)
		reauthenticate(c)
		const path = "account/authenticators/totp"
		first := c.Get(path).Status(404)
		second := c.Get(path).Status(404)
		secret, _ := second.Value("meta", "secret").(string)
		if len(secret) != 32 || first.Value("meta", "secret") == secret {
			t.Errorf("secrets %v and %v", first.Value("meta", "secret"), secret)
		}
		if want := "otpauth://totp/ann%40example.org?secret=" + secret + "&issuer=Example"; second.Value("meta", "totp_url") != want {
			t.Errorf("totp_url %v, want %s", second.Value("meta", "totp_url"), want)
		}
		a := &app{t, s, secret}
		c.Post(path, body{"code": a.wrong()}).Problems("code:incorrect_code")
		c.Post(path, body{}).Problems("code:required")
		c.Post(path, body{"code": "\u00e9\u00e9"}).Problems("code:incorrect_code")
		answer := c.Post(path, body{"code": " " + a.code(0) + " "}).Status(200)
		if answer.Value("data", "type") != "totp" || answer.Value("data", "last_used_at") != nil || answer.JSON["meta"] != nil && answer.Value("meta", "recovery_codes_generated") != nil {
			t.Errorf("activation: %s", answer.Text)
		}
		if got := types(c); !slices.Equal(got, []string{"totp", "recovery_codes"}) {
			t.Errorf("authenticators %v", got)
		}
		shown := c.Get(path).Status(200)
		if shown.JSON["meta"] != nil || shown.Value("data", "id") != nil {
			t.Errorf("an active app: %s", shown.Text)
		}
		c.Post(path, body{"code": a.code(1)}).Problems("code:incorrect_code") // its secret is consumed
		if kinds := []string{s.Mail(ann).Kind}; !slices.Equal(kinds, []string{"mfa/totp_activated"}) || len(s.Mails(ann)) > 0 {
			t.Errorf("mails %v and %v", kinds, s.Mails(ann))
		}
		if added := take[mfa.AuthenticatorAdded](happened); len(added) != 2 || added[0].Type != mfa.TOTP || added[1].Type != mfa.RecoveryCodes {
			t.Errorf("events %v", added)
		}

		c.Delete(path, nil).Status(200)
		c.Delete(path, nil).Status(200)
		if got := types(c); len(got) > 0 {
			t.Errorf("authenticators %v", got)
		}
		if removed := take[mfa.AuthenticatorRemoved](happened); len(removed) != 2 || removed[0].Type != mfa.TOTP || removed[1].Type != mfa.RecoveryCodes {
			t.Errorf("events %v", removed)
		}
		if kind := s.Mail(ann).Kind; kind != "mfa/totp_deactivated" || len(s.Mails(ann)) > 0 {
			t.Errorf("mails %v and %v", kind, s.Mails(ann))
		}
		c.Post(path, body{"code": a.code(1)}).Problems("code:incorrect_code")
	})
}

func TestLoggingInByApp(t *testing.T) {
	t.Parallel()
	happened := &events{}
	s := start(t, happened.collect)
	_, a := withApp(t, s, clienttest.App, ann)
	c := s.Client(clienttest.App)
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending()
	answer := c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("mfa_authenticate")
	if !strings.Contains(answer.Text, `{"id":"mfa_authenticate","is_pending":true,"types":["recovery_codes","totp"]}`) {
		t.Errorf("the offer: %s", answer.Text)
	}
	c.Post("auth/2fa/authenticate", body{"code": a.wrong()}).Problems("code:incorrect_code")
	if failed := take[mfa.AuthenticationFailed](happened); len(failed) != 1 || failed[0].Type != mfa.TOTP || failed[0].Reauthentication {
		t.Errorf("events %v", failed)
	}
	before := c.Token
	answer = c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	if got := methods(answer); !slices.Equal(got, []string{"password", "mfa totp"}) || c.Token == before {
		t.Errorf("methods %v, token renewed: %v", got, c.Token != before)
	}
	if used := take[mfa.AuthenticatorUsed](happened); len(used) != 1 || used[0].Reauthenticated || used[0].Passwordless {
		t.Errorf("events %v", used)
	}
	for i, want := range []bool{true, false} { // the recovery codes were not used
		list, _ := c.Get("account/authenticators").Status(200).JSON["data"].([]any)
		item, _ := list[i].(map[string]any)
		if used := item["last_used_at"]; (used != nil) != want {
			t.Errorf("authenticator %d was last used at %v", i, used)
		}
	}
	c.Post("auth/2fa/authenticate", body{"code": a.code(1)}).Status(401).Pending() // a user is logged in
}

func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	const period = 30 * time.Second
	s.Clock.Advance(period - time.Duration(s.Clock.Now().UnixNano())%period) // where a time step begins
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	a := &app{t, s, secret}
	activation := a.code(0)
	c.Post("account/authenticators/totp", body{"code": activation}).Status(200)
	try := func(code string) *clienttest.Answer {
		return passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": code})
	}
	try(activation).Problems("code:incorrect_code")
	ahead := a.code(1)
	try(ahead).LoggedIn(ann)
	try(ahead).Problems("code:incorrect_code")
	s.Clock.Advance(31 * time.Second)
	try(ahead).Problems("code:incorrect_code") // it is the current code now
	try(activation).Problems("code:incorrect_code")
	try(a.code(1)).LoggedIn(ann)
	try(a.code(0)).Problems("code:incorrect_code") // that was the code of the step ahead
	s.Clock.Advance(60 * time.Second)
	try(a.code(-2)).Problems("code:incorrect_code")
	try(a.code(2)).Problems("code:incorrect_code")
	try(a.code(-1)).Problems("code:incorrect_code") // that was the code of the step ahead
	try(a.code(0)).LoggedIn(ann)
	c.Post("auth/2fa/reauthenticate", body{"code": a.code(0)}).Problems("code:incorrect_code")
}

func TestToleranceIsOffByDefault(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) { cfg.TOTPTolerance = 0 }))
	c, a := withApp(t, s, clienttest.App, ann)
	for _, steps := range []int{-1, 1} {
		c.Post("auth/2fa/reauthenticate", body{"code": a.code(steps)}).Problems("code:incorrect_code")
	}
	c.Post("auth/2fa/reauthenticate", body{"code": a.code(0)}).Status(200)
}

func TestTwoSetUpsOfTwoSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, key := withKey(t, s, clienttest.App, ann, true)
	other := s.Client(clienttest.App)
	other.Post(loginPath, body{"credential": key.get(request(other.Get(loginPath)))}).LoggedIn(ann)
	secret, _ := other.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	addApp(t, s, c)
	other.Post("account/authenticators/totp", body{"code": (&app{t, s, secret}).code(0)}).Status(409)
}

func TestASetUpBelongsToItsSessionAndRunsOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	a := &app{t, s, secret}
	s.LogIn(clienttest.App, ann).Post("account/authenticators/totp", body{"code": a.code(0)}).Problems("code:incorrect_code")
	s.Clock.Advance(11 * time.Minute)
	reauthenticate(c)
	c.Post("account/authenticators/totp", body{"code": a.code(0)}).Problems("code:incorrect_code")
}

func TestAStaleSessionKeepsItsSetUp(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SignUp(clienttest.App, ann)
	s.Clock.Advance(5 * time.Minute)
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	a := &app{t, s, secret}
	c.Post("account/authenticators/totp", body{"code": a.wrong()}).Problems("code:incorrect_code")
	answer := c.Post("account/authenticators/totp", body{"code": a.code(0)}).Status(401)
	if answer.Value("meta", "is_authenticated") != true || !slices.Equal(answer.Flows(), []string{"reauthenticate"}) {
		t.Errorf("a stale session: %s", answer.Text)
	}
	reauthenticate(c)
	c.Post("account/authenticators/totp", body{"code": a.code(0)}).Status(200)
	s.Clock.Advance(5 * time.Minute)
	answer = c.Delete("account/authenticators/totp", nil).Status(401)
	if !slices.Equal(answer.Flows(), []string{"reauthenticate", "mfa_reauthenticate"}) {
		t.Errorf("flows %v", answer.Flows())
	}
	answer = c.Post("auth/2fa/reauthenticate", body{"code": a.code(0)}).LoggedIn(ann)
	if got := methods(answer); got[len(got)-1] != "mfa totp" || strings.Count(answer.Text, "reauthenticated") != 1 { // of the password
		t.Errorf("methods: %s", answer.Text)
	}
	c.Delete("account/authenticators/totp", nil).Status(200)
}

func TestWhatIsNoCode(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, a := withApp(t, s, clienttest.App, ann)
	c := passwordLogin(s, clienttest.App, ann)
	wrong := 0
	for text, problem := range map[string]string{
		`{}`: "required", `{"code":null}`: "required", `{"code":""}`: "required", `{"code":"  "}`: "required", `{"code":[]}`: "required", `{"code":{}}`: "required",
		`{"code":true}`: "incorrect_code", `{"code":["1"]}`: "incorrect_code", `{"code":{"a":1}}`: "incorrect_code", `{"code":1.5}`: "incorrect_code",
		`{"code":"é23456"}`: "incorrect_code", `{"code":"１２３４５６"}`: "incorrect_code", `{"code":"1 2 3 4 5 6"}`: "incorrect_code",
		`{"code":"` + strings.Repeat("9", 4000) + `"}`: "incorrect_code", `{"code":"\u0000"}`: "null_characters_not_allowed",
	} {
		c.Post("auth/2fa/authenticate", text).Problems("code:" + problem)
		if problem != "incorrect_code" {
			continue
		}
		if wrong++; wrong%5 == 0 { // as many as are allowed for one user
			s.Clock.Advance(clienttest.NextTries)
		}
	}
	s.Clock.Advance(clienttest.NextTries)
	c.Post("auth/2fa/authenticate", "[]").Status(400)
	c.Put("auth/2fa/authenticate", body{"code": a.code(0)}).Status(405)
	code := a.code(0)
	for strings.HasPrefix(code, "0") { // a number cannot begin with a zero
		s.Clock.Advance(30 * time.Second)
		code = a.code(0)
	}
	c.Post("auth/2fa/authenticate", `{"code":`+code+`}`).LoggedIn(ann)
}

func TestOtherDigitsAndPeriods(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) {
		cfg.TOTPDigits, cfg.TOTPPeriod, cfg.Issuer = 8, time.Minute, "A & B: C"
	}))
	c := s.SignUp(clienttest.App, ann)
	address, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "totp_url").(string)
	if !strings.HasSuffix(address, "&issuer=A%20%26%20B%3A%20C&digits=8&period=60") {
		t.Errorf("totp_url %s", address)
	}
	if u, err := url.Parse(address); err != nil || u.Query().Get("issuer") != "A & B: C" {
		t.Errorf("issuer of %s: %v", address, err)
	}
}

func TestAnUnverifiedAddressBlocksSecondFactors(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.EmailVerificationByCode = nil // by code, unverified addresses are not stored
		cfg.MFA.PasskeySignupEnabled = false
	})
	c := s.SignUp(clienttest.App, ann)
	const second = "second@example.org"
	c.Post("account/email", body{"email": second}).Status(200)
	unverified := func(a *clienttest.Answer) {
		t.Helper()
		a.Status(409)
		if !strings.Contains(a.Text, `"code":"unverified_email"`) || strings.Contains(a.Text, "param") {
			t.Errorf("an unverified address: %s", a.Text)
		}
	}
	unverified(c.Get("account/authenticators/totp"))
	c.Post("account/authenticators/totp", body{"code": "123456"}).Problems("code:unverified_email")
	unverified(c.Get("account/authenticators/webauthn"))
	unverified(c.Post("account/authenticators/webauthn", body{}))
	c.Delete("account/email", body{"email": second}).Status(200)
	reauthenticate(c)
	addApp(t, s, c)
	c.Post("account/email", body{"email": second}).Problems("email:add_email_blocked")
	c.Post("account/email", body{"email": ann}).Problems("email:duplicate_email")
	c.Delete("account/authenticators/totp", nil).Status(200)
	c.Post("account/email", body{"email": second}).Status(200)
}

func TestUnverifiedAddressesMayBeAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationNone
		cfg.Account.EmailVerificationByCode = nil
		cfg.MFA.PasskeySignupEnabled = false
		cfg.MFA.AllowUnverifiedEmail = true
	})
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": ann, "password": password}).LoggedIn(ann)
	reauthenticate(c)
	addApp(t, s, c)
	c.Post("account/email", body{"email": "second@example.org"}).Status(200)
}

func TestDrawings(t *testing.T) {
	t.Parallel()
	const address = "otpauth://totp/ann%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example"
	for size := 128; size <= 256; size += 5 { // including those with a narrow margin
		text, err := mfa.QRCodePNG(address, size)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(text))
		if err != nil || picture.Bounds() != image.Rect(0, 0, size, size) {
			t.Fatalf("PNG of %d bytes: %v", len(text), err)
		}
		white := func(x, y int) bool { return color.GrayModel.Convert(picture.At(x, y)) == color.Gray{255} }
		margin := 0
		for white(margin, margin) {
			margin++
		}
		module := 0 // a seventh of the first corner
		for !white(margin+7*module, margin) {
			module++
		}
		if module == 0 || margin < 4*module || !white(size-margin, size/2) || !white(size/2, size-margin) {
			t.Errorf("of %d pixels: a margin of %d around modules of %d", size, margin, module)
		}
	}
	for _, size := range []int{-1000, 0, 5} {
		if _, err := mfa.QRCodePNG(address, size); err == nil {
			t.Errorf("a picture of %d pixels was drawn", size)
		}
	}
	svg, err := mfa.QRCodeSVG(address)
	if err != nil || !strings.HasPrefix(svg, "<svg ") || strings.Count(svg, "h1v1") < 300 || strings.Contains(svg, "%!") {
		t.Errorf("SVG %.200s: %v", svg, err)
	}
}
