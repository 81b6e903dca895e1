package djangostore

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// storeOf returns a store that encrypts texts by a prefix.
func storeOf(t *testing.T) *Store {
	t.Helper()
	s, err := New(nil, sqlstore.Postgres, Config{
		Secrets: [][]byte{bytes.Repeat([]byte("s"), 32)},
		Encrypt: func(text string) (string, error) { return "sealed " + text, nil },
		Decrypt: func(text string) (string, error) {
			text, ok := strings.CutPrefix(text, "sealed ")
			if !ok {
				return "", errors.New("the text is not sealed")
			}
			return text, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// row returns a row of Django.
func row(t *testing.T, kind mfa.Type, data string) factorRow {
	t.Helper()
	read, err := readData(data)
	if err != nil {
		t.Fatal(err)
	}
	return factorRow{Authenticator: mfa.Authenticator{ID: 1, UserID: "71", Type: kind}, data: read}
}

// write stores a value of the library in a row of Django, nil for a new one.
func write(t *testing.T, s *Store, kind mfa.Type, value any, before *factorRow) string {
	t.Helper()
	sealed, err := s.seal(kind, "71", value)
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.toDjango(mfa.Authenticator{UserID: "71", Type: kind, Name: "Key", Data: sealed}, before)
	if err != nil {
		t.Fatal(err)
	}
	return data.json()
}

func TestCodesThatEitherServerUsedStayUsed(t *testing.T) {
	t.Parallel()
	s := storeOf(t)
	before := row(t, mfa.RecoveryCodes, `{"seed": "sealed seed", "used_mask": 4, "other": [1]}`)
	read, err := s.fromDjango(before)
	if err != nil {
		t.Fatal(err)
	}
	set := read.value.(*recoverySet)
	if len(set.Codes) != 10 || !set.Codes[2].Used || set.Codes[0].Used {
		t.Fatalf("read %+v", set)
	}
	set.Codes[0].Used, set.Codes[2].Used = true, false // Django has used the third one meanwhile
	if got, want := write(t, s, mfa.RecoveryCodes, set, &before), `{"other":[1],"seed":"sealed seed","used_mask":5}`; got != want {
		t.Errorf("wrote %s, want %s", got, want)
	}

	migrated := row(t, mfa.RecoveryCodes, `{"migrated_codes": ["sealed b", "sealed c"]}`)
	set = &recoverySet{Codes: []mfa.RecoveryCode{{Code: "a"}, {Code: "b", Used: true}, {Code: "c"}}} // Django has used a
	if got, want := write(t, s, mfa.RecoveryCodes, set, &migrated), `{"migrated_codes":["sealed c"],"used_mask":0}`; got != want {
		t.Errorf("wrote %s, want %s", got, want)
	}
	set = &recoverySet{Codes: []mfa.RecoveryCode{{Code: "a", Used: true}, {Code: "d"}}}
	if got, want := write(t, s, mfa.RecoveryCodes, set, nil), `{"migrated_codes":["sealed d"],"used_mask":0}`; got != want {
		t.Errorf("wrote a new set as %s, want %s", got, want)
	}
}

func TestSecretsOfAppsGoBothWays(t *testing.T) {
	t.Parallel()
	s := storeOf(t)
	before := row(t, mfa.TOTP, `{"secret": "sealed jbswy3dp"}`)
	read, err := s.fromDjango(before)
	if err != nil {
		t.Fatal(err)
	}
	if got := read.value.(*app); got.Secret != "JBSWY3DP" || got.Digits != 6 || got.Period != 30 {
		t.Errorf("read %+v", got)
	}
	if got, want := write(t, s, mfa.TOTP, read.value, &before), `{"secret":"sealed jbswy3dp"}`; got != want {
		t.Errorf("wrote %s, want %s, unchanged", got, want)
	}
	fresh := &app{Secret: "JBSWY3DPEB", Digits: 6, Period: 30}
	if got, want := write(t, s, mfa.TOTP, fresh, nil), `{"secret":"sealed JBSWY3DPEB======"}`; got != want {
		t.Errorf("wrote %s, want %s, with the padding that Django requires", got, want)
	}
}

func TestKeysGoBothWays(t *testing.T) {
	t.Parallel()
	s := storeOf(t)
	public := append(append([]byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"),
		"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\x22\x58\x20"...),
		"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5"...)
	yes := true
	key := &webauthn.Credential{ID: []byte("id of the key"), PublicKey: public, AAGUID: bytes.Repeat([]byte("a"), 16), Transports: []string{"usb"}, Passwordless: &yes}
	text := write(t, s, mfa.WebAuthn, key, nil)
	stored := row(t, mfa.WebAuthn, text)
	read, err := s.fromDjango(stored)
	if err != nil {
		t.Fatal(err)
	}
	got := read.value.(*webauthn.Credential)
	if !bytes.Equal(got.ID, key.ID) || !bytes.Equal(got.PublicKey, key.PublicKey) || !bytes.Equal(got.AAGUID, key.AAGUID) || !passwordless(got) || string(got.Handle) != "1z" {
		t.Errorf("read %+v, want %+v", got, key)
	}
	no := false
	key.Passwordless = &no
	if again := write(t, s, mfa.WebAuthn, key, &stored); !strings.Contains(again, `"rk":false`) {
		t.Errorf("a passkey that no longer logs in by itself is stored as %s", again)
	}
}

func TestUnreadableFactorsAreErrors(t *testing.T) {
	t.Parallel()
	s := storeOf(t)
	for data, kind := range map[string]mfa.Type{
		`{"secret": "JBSWY3DP"}`: mfa.TOTP, `{"secret": "sealed 189"}`: mfa.TOTP, `{"secret": "sealed "}`: mfa.TOTP, `{}`: mfa.TOTP,
		`{"seed": "sealed x"}`: mfa.RecoveryCodes, `{"seed": "sealed ", "used_mask": 0}`: mfa.RecoveryCodes, `{"migrated_codes": [1]}`: mfa.RecoveryCodes,
		`{"seed": "sealed x", "used_mask": -1}`: mfa.RecoveryCodes, `{"credential": {}}`: mfa.WebAuthn, `{"name": "x"}`: mfa.WebAuthn, `{"x": 1}`: "sms",
	} {
		r := row(t, kind, data)
		if _, err := s.authenticator(r); err == nil || !strings.Contains(err.Error(), "user 71") {
			t.Errorf("%s %s: %v; want an error that names the user", kind, data, err)
		}
	}
}

func TestSessionsOfDjangoAreVerified(t *testing.T) {
	t.Parallel()
	const data = sessionOfDjango
	text, ok := readSession(data, []string{"newer", "secret"})
	var values sessionValues
	if !ok || json.Unmarshal(text, &values) != nil || values.UserID != "7" {
		t.Errorf("read %q, %v", text, ok)
	}
	for _, wrong := range []string{"", ":", "a:b", strings.Replace(data, data[:1], "X", 1), data + "x", strings.ToUpper(data)} {
		if _, ok := readSession(wrong, []string{"secret"}); ok {
			t.Errorf("%q was accepted", wrong)
		}
	}
	if _, ok := readSession(data, []string{"newer"}); ok {
		t.Error("a session that was signed with another key was accepted")
	}
}

// sessionOfDjango was made by Django 5.2 with the secret key "secret".
const sessionOfDjango = ".eJyrVopPLC3JiC8tTi2Kz0xRslIyV9JBFstILM4AilYARROTk_NL80rAkql5JZnJiSWZ-XnxuaklGfkpxUpW0dVKEDZQfUFicXF5flEKSFuJkpWhuQEU6JnWxtYCALlDKD4:1xYEWK:JNfeF_8a8mOqjT7Ff94GTkWBaVA3yc88TjfiEhg0tdM"
