package mfa_test

import (
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

const (
	recoveryPath = "account/authenticators/recovery-codes"
	olderPath    = "account/authenticators/recovery_codes"
)

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		happened := &events{}
		s := start(t, happened.collect, setting(func(cfg *mfa.Config) { cfg.TrustEnabled = false }))
		c := s.SignUp(kind, ann)
		c.Get(recoveryPath).Status(404)
		if answer := c.Post(recoveryPath, nil); !strings.Contains(answer.Text, `"code":"cannot_generate_recovery_codes"`) || strings.Contains(answer.Text, "param") {
			t.Errorf("codes without an authenticator: %s", answer.Text)
		}
		reauthenticate(c)
		addApp(t, s, c)
		answer := c.Get(recoveryPath).Status(200)
		codes := codesOf(c)
		if len(codes) != 10 || len(codes[0]) != 8 || answer.Value("data", "type") != "recovery_codes" || answer.Value("data", "id") != nil ||
			answer.Value("data", "total_code_count") != 10.0 || answer.Value("data", "unused_code_count") != 10.0 {
			t.Fatalf("recovery codes: %s", answer.Text)
		}
		if got := c.Get(olderPath).Status(200).Value("data", "unused_code_count"); got != 10.0 {
			t.Errorf("under the older path: %v", got)
		}
		if list := c.Get("account/authenticators").Status(200); strings.Contains(list.Text, codes[0]) || !strings.Contains(list.Text, `"unused_code_count":10`) {
			t.Errorf("the list: %s", list.Text)
		}
		other := passwordLogin(s, kind, ann)
		login := other.Post("auth/2fa/authenticate", body{"code": codes[3]}).LoggedIn(ann)
		if got := methods(login); !slices.Equal(got, []string{"password", "mfa recovery_codes"}) {
			t.Errorf("methods %v", got)
		}
		passwordLogin(s, kind, ann).Post("auth/2fa/authenticate", body{"code": codes[3]}).Problems("code:incorrect_code")
		if left := codesOf(c); len(left) != 9 || slices.Contains(left, codes[3]) {
			t.Errorf("codes left: %v", left)
		}
		take[mfa.AuthenticatorAdded](happened)
		fresh := c.Post(recoveryPath, nil).Status(200)
		if fresh.Value("data", "unused_code_count") != 10.0 || fresh.Value("data", "last_used_at") != nil || strings.Contains(fresh.Text, codes[0]) {
			t.Errorf("new codes: %s", fresh.Text)
		}
		if reset := take[mfa.AuthenticatorReset](happened); len(reset) != 1 || len(take[mfa.AuthenticatorAdded](happened)) > 0 || len(take[mfa.AuthenticatorRemoved](happened)) > 0 {
			t.Errorf("events %v", reset)
		}
		passwordLogin(s, kind, ann).Post("auth/2fa/authenticate", body{"code": codes[0]}).Problems("code:incorrect_code")
		if kind := s.Mail(ann).Kind; kind != "mfa/totp_activated" {
			t.Errorf("first mail %s", kind)
		}
		if kind := s.Mail(ann).Kind; kind != "mfa/recovery_codes_generated" || len(s.Mails(ann)) > 0 {
			t.Errorf("second mail %s, and %v", kind, s.Mails(ann))
		}
		s.Clock.Advance(5 * time.Minute)
		c.Get(recoveryPath).Status(401)
		c.Post(recoveryPath, nil).Status(401)
	})
}

func TestCodesAreShownOnce(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) { cfg.RecoveryCodesShowOnce = true }))
	c, _ := withApp(t, s, clienttest.App, ann)
	shown := winners(20, func(int) *clienttest.Answer {
		answer := c.Clone().Get(recoveryPath)
		if !strings.Contains(answer.Text, "unused_codes") {
			answer.StatusCode = 0
		}
		return answer
	})
	if shown != 1 {
		t.Errorf("the codes were shown %d times", shown)
	}
	if again := c.Get(recoveryPath).Status(200); strings.Contains(again.Text, "unused_codes") || again.Value("data", "unused_code_count") != 10.0 {
		t.Errorf("the second time: %s", again.Text)
	}
	if fresh := c.Post(recoveryPath, nil).Status(200); !strings.Contains(fresh.Text, "unused_codes") {
		t.Errorf("new codes: %s", fresh.Text)
	}
	if again := c.Get(recoveryPath).Status(200); strings.Contains(again.Text, "unused_codes") {
		t.Errorf("after new codes: %s", again.Text)
	}
}

func TestRecoveryCodesStayWithAKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, _ := withApp(t, s, clienttest.App, ann)
	addKey(t, s, c, false)
	c.Delete("account/authenticators/totp", nil).Status(200)
	if got := types(c); !slices.Equal(got, []string{"recovery_codes", "webauthn"}) {
		t.Errorf("authenticators %v", got)
	}
}

func TestCodesWithoutRecoveryCodes(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) { cfg.SupportedTypes = []mfa.Type{mfa.TOTP, mfa.WebAuthn} }))
	c, _ := withApp(t, s, clienttest.App, ann)
	if got := types(c); !slices.Equal(got, []string{"totp"}) {
		t.Errorf("authenticators %v", got)
	}
	c.Get(recoveryPath).Status(404)
}

// The codes are those that django-allauth computes.
func TestCodesOfDjango(t *testing.T) {
	t.Parallel()
	for seed, want := range map[string]string{
		strings.Repeat("0", 80):               "40017382 93474438 17854111 92512815 36599119 80501426 17309950 47803705 23071834 73248777",
		strings.Repeat("abcdef0123456789", 5): "62627458 67546785 89781865 63803301 38564427 49626370 02009500 22682406 09339013 94248148",
	} {
		codes, err := mfa.DjangoRecoveryCodes(seed, big.NewInt(0b101), 10, 8)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for i, c := range codes {
			texts = append(texts, c.Code)
			if c.Used != (i == 0 || i == 2) {
				t.Errorf("code %d is used: %v", i, c.Used)
			}
		}
		if got := strings.Join(texts, " "); got != want {
			t.Errorf("codes %s, want %s", got, want)
		}
	}
	if _, err := mfa.DjangoRecoveryCodes("seed", new(big.Int), 0, 8); err == nil {
		t.Error("no codes at all were computed")
	}
}

func TestImportedAuthenticatorsWork(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SignUp(clienttest.App, ann)
	id := userID(c)
	codes, err := mfa.DjangoRecoveryCodes(strings.Repeat("0", 80), big.NewInt(1), 10, 8)
	if err != nil {
		t.Fatal(err)
	}
	a := &app{t, s, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}
	for _, in := range []mfa.Imported{{Secret: a.secret}, {Codes: codes}} {
		if _, err := s.Auth.ImportAuthenticator(t.Context(), id, in); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Auth.ImportAuthenticator(t.Context(), id, in); err == nil {
			t.Error("the same was imported twice")
		}
	}
	for code, ok := range map[string]bool{a.code(0): true, "40017382": false, "93474438": true} {
		answer := passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": code})
		if (answer.StatusCode == 200) != ok {
			t.Errorf("code %s: %s", code, answer.Text)
		}
	}
	key, other := imported(t, newDevice(t, s)), userID(s.SignUp(clienttest.App, bob))
	for _, in := range []mfa.Imported{
		{}, {Secret: "not base32!"}, {Secret: "=="}, {Secret: "GEZDGNBVGY3TQ"}, {Codes: []mfa.RecoveryCode{}}, {Secret: a.secret, Key: key}, {Codes: codes, Key: key},
	} {
		if _, err := s.Auth.ImportAuthenticator(t.Context(), other, in); err == nil {
			t.Errorf("%+v was imported", in)
		}
	}
	if _, err := s.Auth.ImportAuthenticator(t.Context(), id, mfa.Imported{Key: key}); err != nil {
		t.Fatal(err)
	}
	if answer := c.Get("account/authenticators").Status(200); !strings.Contains(answer.Text, `"name":"Master key"`) {
		t.Errorf("a key without a name: %s", answer.Text)
	}
	// What is exported can be imported elsewhere.
	exported, err := s.Auth.ExportAuthenticators(t.Context(), id)
	if err != nil || len(exported) != 3 {
		t.Fatalf("%d were exported, %v", len(exported), err)
	}
	if app := exported[0]; app.Secret != a.secret || app.Digits != 6 || app.Period != 30*time.Second {
		t.Errorf("the app: %d digits, %v", app.Digits, app.Period)
	}
	if out := exported[2]; !reflect.DeepEqual(out.Key, key) || out.Name != "Master key" {
		t.Errorf("the key: %+v", out)
	}
	elsewhere := start(t)
	third := userID(elsewhere.SignUp(clienttest.App, ann))
	for i, in := range exported {
		in.Digits += 1 - min(i, 1) // an app with other digits than new ones
		if _, err := elsewhere.Auth.ImportAuthenticator(t.Context(), third, in); err != nil {
			t.Error(err)
		}
	}
	again, err := elsewhere.Auth.ExportAuthenticators(t.Context(), third)
	if err != nil || len(again) != 3 || again[0].Digits != 7 || !slices.Equal(again[1].Codes, exported[1].Codes) {
		t.Errorf("exported again: %d, %v", len(again), err)
	}
	if _, err := s.Auth.ImportAuthenticator(t.Context(), other, mfa.Imported{Secret: a.secret, Digits: 9}); err == nil {
		t.Error("an app with 9 digits was imported")
	}
}
