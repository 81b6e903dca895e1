package mfa_test

import (
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// spell returns a number in groups of three, with the digits that begin at zero.
func spell(code string, zero rune, between string) string {
	var b strings.Builder
	for i, r := range code {
		if i == 3 {
			b.WriteString(between)
		}
		b.WriteRune(zero + r - '0')
	}
	return b.String()
}

func TestEverySpellingOfASecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner, a := withApp(t, s, clienttest.App, ann)
	recovery := codesOf(owner)
	for i, spelling := range []struct {
		zero    rune
		between string
	}{
		{'0', " "}, {'0', "-"}, {'0', "\u00a0"}, {'0', "\u2011"}, {'0', "\u2212"}, {'０', "\u3000"}, {'٠', "\u202f"}, {'۰', ""}, {'०', "\u200b"},
	} {
		passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": spell(recovery[i], spelling.zero, spelling.between)}).LoggedIn(ann)
		passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": spell(a.code(0), spelling.zero, spelling.between)}).LoggedIn(ann)
		s.Clock.Advance(clienttest.NextTries)
		owner.Post("auth/2fa/reauthenticate", body{"code": spell(a.code(0), spelling.zero, spelling.between)}).Status(200)
		s.Clock.Advance(clienttest.NextTries)
	}
	reauthenticate(owner)
	owner.Delete("account/authenticators/totp", nil).Status(200)
	secret, _ := owner.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	again := &app{t, s, secret}
	owner.Post("account/authenticators/totp", body{"code": spell(again.code(0), '०', " ")}).Status(200)
}

// A code with a form that no code of the user has costs no attempt.
func TestASecondFactorOfTheWrongShapeCostsNoAttempt(t *testing.T) {
	t.Parallel()
	happened := &events{}
	s := start(t, happened.collect)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	misshapen := []any{"12345", "1234567", "123456789", "12345x", "é12345", "abcdefgh", "--", 1.5, true, []string{"123456"}, "", nil}
	wrong := func(c *clienttest.Client, path string) {
		for range 2 { // more often than allowed
			for _, code := range misshapen {
				c.Post(path, body{"code": code}).Status(400)
			}
		}
	}
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	a := &app{t, s, secret}
	wrong(c, "account/authenticators/totp")
	c.Post("account/authenticators/totp", body{"code": a.code(0)}).Status(200)
	s.Clock.Advance(clienttest.NextTries)

	login := passwordLogin(s, clienttest.App, ann)
	take[mfa.AuthenticationFailed](happened)
	wrong(login, "auth/2fa/authenticate")
	if failed := take[mfa.AuthenticationFailed](happened); len(failed) > 0 {
		t.Errorf("events %v", failed)
	}
	for range 4 { // of five
		login.Post("auth/2fa/authenticate", body{"code": a.wrong()}).Problems("code:incorrect_code")
	}
	wrong(login, "auth/2fa/authenticate")
	login.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	s.Clock.Advance(clienttest.NextTries)
	wrong(c, "auth/2fa/reauthenticate")
	c.Post("auth/2fa/reauthenticate", body{"code": a.code(0)}).Status(200)
}

// Codes of another system may have letters and hyphens.
func TestEverySpellingOfAnImportedRecoveryCode(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner := s.SignUp(clienttest.App, ann)
	reauthenticate(owner)
	codes := []mfa.RecoveryCode{{Code: "abcd-efgh"}, {Code: "IJKL-MNOP"}, {Code: "qrst uvwx"}}
	if _, err := s.Auth.ImportAuthenticator(t.Context(), userID(owner), mfa.Imported{Codes: codes}); err != nil {
		t.Fatal(err)
	}
	addKey(t, s, owner, false)
	for _, code := range []string{"ABCD EFGH", "ijkl\u00a0mnop", "QRST\u2013uvwx"} {
		passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": code}).LoggedIn(ann)
		passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": code}).Problems("code:incorrect_code")
	}
}
