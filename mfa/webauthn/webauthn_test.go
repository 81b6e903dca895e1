package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/mfa/webauthn"
)

// A registration and an assertion, made by a software authenticator and accepted
// by django-allauth, for the challenges 32 times 1 and 32 times 2 and the user
// with the handle "1".
const (
	registered = `{"id":"AAECAwQFBgcICQoLDA0ODw","response":{
		"clientDataJSON":"eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQVFFQkFRRUJBUUVCQVFFQkFRRUJBUUVCQVFFQkFRRUJBUUVCQVFFQkFRRSIsIm9yaWdpbiI6Imh0dHBzOi8vYXBwLmV4YW1wbGUub3JnIn0",
		"attestationObject":"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YViUsL8TtiA5fw56RqXmmVUSgLAQkmxQVMFmUHcR2qd2ioxFAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAABAgMEBQYHCAkKCwwNDg-lAQIDJiABIVggpQW-a4lV2R7gBw2EAkrFuxmmDXOLmwFE2jFSW_L6r90iWCCurUsXzufSPl3b8gfI29Vc2eYaiznjeEwzIgcWiCdGaQ"}}`
	asserted = `{"id":"AAECAwQFBgcICQoLDA0ODw","response":{
		"clientDataJSON":"eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQWdJQ0FnSUNBZ0lDQWdJQ0FnSUNBZ0lDQWdJQ0FnSUNBZ0lDQWdJQ0FnSSIsIm9yaWdpbiI6Imh0dHBzOi8vYXBwLmV4YW1wbGUub3JnIn0",
		"authenticatorData":"sL8TtiA5fw56RqXmmVUSgLAQkmxQVMFmUHcR2qd2iowFAAAAAA",
		"signature":"MEYCIQC7bVdrLlzMFpvXpxekCoF-QIwMrMc1zPEK0LhPyDKswgIhAM6FMfzYmnSuxIyZ2jY1aFMbNLx_muOgwKhiUmTazjNi"}}`
)

var (
	creationChallenge = bytes.Repeat([]byte{1}, 32)
	requestChallenge  = bytes.Repeat([]byte{2}, 32)
	user              = webauthn.User{Handle: []byte("1"), Name: "ann@example.org", DisplayName: "Ann"}
)

func party(t testing.TB) *webauthn.RelyingParty {
	t.Helper()
	rp, err := webauthn.New(webauthn.Config{RPID: "app.example.org", RPName: "Example", Origins: []string{"https://app.example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

func register(rp *webauthn.RelyingParty, text []byte, kind webauthn.Kind) (*webauthn.Credential, uint32, error) {
	r, err := webauthn.ParseRegistration(text)
	if err != nil {
		return nil, 0, err
	}
	return rp.Register(r, creationChallenge, user, kind)
}

func assert(rp *webauthn.RelyingParty, text []byte, key webauthn.Credential) (webauthn.Credential, uint32, error) {
	a, err := webauthn.ParseAssertion(text)
	if err != nil {
		return key, 0, err
	}
	return rp.Assert(a, requestChallenge, key, 0, true)
}

func TestAnswersThatOthersAccept(t *testing.T) {
	t.Parallel()
	rp := party(t)
	key, counter, err := register(rp, []byte(registered), webauthn.Passkey)
	if err != nil || counter != 0 || !bytes.Equal(key.Handle, user.Handle) || len(key.ID) != 16 {
		t.Fatalf("registration: %+v, %d, %v", key, counter, err)
	}
	if key.Flags == nil || *key.Flags&0x05 != 0x05 || key.Passwordless == nil || !*key.Passwordless {
		t.Errorf("flags %v, passwordless %v", key.Flags, key.Passwordless)
	}
	updated, _, err := assert(rp, []byte(asserted), *key)
	if err != nil || *updated.Flags != 0x05 {
		t.Errorf("assertion: %+v, %v", updated, err)
	}
	key.Handle = []byte("2") // the response has no user handle
	if _, _, err := assert(rp, []byte(asserted), *key); err != nil {
		t.Errorf("an answer without a handle: %v", err)
	}
	if _, _, err := assert(rp, []byte(strings.Replace(asserted, `"signature"`, `"userHandle":"MQ","signature"`, 1)), *key); !errors.Is(err, webauthn.ErrRejected) {
		t.Errorf("the handle of another user: %v", err)
	}
}

func TestWhatClientsAdd(t *testing.T) {
	t.Parallel()
	rp := party(t)
	for addition, want := range map[string]string{
		`"rawId":"AAECAwQFBgcICQoLDA0ODw=="`:                             "null",
		`"type":"public-key","authenticatorAttachment":5`:                "null",
		`"type":null,"rawId":null,"Response":5,"ID":"AAEC"`:              "null",
		`"clientExtensionResults":null`:                                  "null",
		`"clientExtensionResults":{"credProps":null}`:                    "null",
		`"clientExtensionResults":{"credProps":{}}`:                      "null",
		`"clientExtensionResults":{"credProps":{"rk":null}}`:             "null",
		`"clientExtensionResults":{"credProps":{"rk":false},"appid":[]}`: "false",
		`"clientExtensionResults":{"credProps":{"rk":true}}`:             "false", // no passkey was requested
	} {
		text := strings.Replace(registered, "{", "{"+addition+",", 1)
		key, _, err := register(rp, []byte(text), webauthn.SecondFactor)
		if err != nil {
			t.Errorf("%s: %v", addition, err)
			continue
		}
		if got, _ := json.Marshal(key.Passwordless); string(got) != want {
			t.Errorf("%s: passwordless %s, want %s", addition, got, want)
		}
	}
	for _, addition := range []string{
		`"rawId":"AAEC"`, `"rawId":5`, `"type":"password"`, `"clientExtensionResults":[]`,
		`"clientExtensionResults":{"credProps":{"rk":"yes"}}`, `"clientExtensionResults":{"credProps":[]}`, `"response":{}`, `"id":"AAECAwQFBgcICQoLDA0ODw"`,
	} {
		text := strings.TrimSuffix(registered, "}") + "," + addition + "}"
		if _, _, err := register(rp, []byte(text), webauthn.SecondFactor); !errors.Is(err, webauthn.ErrRejected) {
			t.Errorf("%s: %v", addition, err)
		}
	}
}

func TestTransportsThatHaveNames(t *testing.T) {
	t.Parallel()
	text := strings.Replace(registered, `"response":{`, `"response":{"transports":["usb","usb","<script>","internal"],`, 1)
	key, _, err := register(party(t), []byte(text), webauthn.SecondFactor)
	if err != nil || strings.Join(key.Transports, " ") != "usb internal" {
		t.Errorf("transports %v: %v", key.Transports, err)
	}
}

func TestImportedKeysLearnTheirFlags(t *testing.T) {
	t.Parallel()
	key, err := webauthn.ImportCredential([]byte(registered), webauthn.DjangoHandle(1))
	if err != nil || key.Flags != nil || key.Passwordless != nil || !bytes.Equal(key.Handle, user.Handle) {
		t.Fatalf("imported: %+v, %v", key, err)
	}
	updated, _, err := assert(party(t), []byte(asserted), *key)
	if err != nil || updated.Flags == nil {
		t.Errorf("first use: %+v, %v", updated, err)
	}
	if _, err := webauthn.ImportCredential([]byte(asserted), nil); !errors.Is(err, webauthn.ErrRejected) {
		t.Errorf("an assertion was imported: %v", err)
	}
	if got := string(webauthn.DjangoHandle(123456789)); got != "21i3v9" {
		t.Errorf("handle %q", got)
	}
}

func TestOriginsThatKeysDoNotWorkOn(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]webauthn.Config{
		"an address":           {RPID: "127.0.0.1", Origins: []string{"http://127.0.0.1"}},
		"nothing":              {Origins: []string{"https://example.org"}},
		"a port":               {RPID: "example.org:80", Origins: []string{"https://example.org"}},
		"no origin":            {RPID: "example.org"},
		"another domain":       {RPID: "example.org", Origins: []string{"https://example.com"}},
		"a look-alike":         {RPID: "example.org", Origins: []string{"https://evilexample.org"}},
		"no encryption":        {RPID: "example.org", Origins: []string{"http://example.org"}},
		"something unreadable": {RPID: "example.org", Origins: []string{"http://[::1"}},
		"all sub-domains":      {RPID: "example.org", Origins: []string{"https://*.example.org"}},
	} {
		if _, err := webauthn.New(cfg); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for name, cfg := range map[string]webauthn.Config{
		"local":                   {RPID: "localhost", Origins: []string{"http://localhost:8080", "http://app.localhost"}},
		"development":             {RPID: "dev.example.org", Origins: []string{"http://dev.example.org:8080"}, AllowInsecureOrigin: true},
		"a sub-domain and an app": {RPID: "example.org", Origins: []string{"https://www.example.org", "android:apk-key-hash:abc"}},
	} {
		if _, err := webauthn.New(cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Browsers accept related origins of five names, whatever the public suffix.
func TestRelatedOrigins(t *testing.T) {
	t.Parallel()
	brand := []string{
		"https://example.com", "https://www.example.com", "https://example.co.uk", "https://shop.example.com.au:8443", "https://example.github.io",
		"https://one.org", "https://two.org", "https://three.org", "HTTPS://Four.org:443",
	}
	rp, err := webauthn.New(webauthn.Config{RPID: "app.example.org", Origins: []string{"https://app.example.org"}, RelatedOrigins: brand})
	if err != nil {
		t.Fatal(err)
	}
	if got := rp.RelatedOrigins(); len(got) != len(brand) || got[8] != "https://four.org" {
		t.Errorf("related origins %v", got)
	}
	for name, c := range map[string]struct {
		related []string
		want    string
	}{
		"six names":           {append([]string{"https://five.co.uk"}, brand...), "six"},
		"no https":            {[]string{"http://example.com"}, "without https"},
		"the party itself":    {[]string{"https://app.example.org"}, "itself"},
		"below the party":     {[]string{"https://www.app.example.org"}, "itself"},
		"all of a domain":     {[]string{"https://*.example.com"}, "list each"},
		"a public suffix":     {[]string{"https://co.uk"}, "not the origin of a site"},
		"an address":          {[]string{"https://192.0.2.1"}, "not the origin of a site"},
		"one name":            {[]string{"https://intranet"}, "not the origin of a site"},
		"an app":              {[]string{"android:apk-key-hash:abc"}, "not the origin of a site"},
		"something malformed": {[]string{"https://[::1"}, "not the origin of a site"},
	} {
		_, err := webauthn.New(webauthn.Config{RPID: "app.example.org", Origins: []string{"https://app.example.org"}, RelatedOrigins: c.related})
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "there are 6", "six"), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Browsers send origins in lower case and without the default port, however the
// settings are written.
func TestOriginsAsBrowsersWriteThem(t *testing.T) {
	t.Parallel()
	rp, err := webauthn.New(webauthn.Config{RPID: "App.Example.org", Origins: []string{"HTTPS://App.example.ORG:443"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := register(rp, []byte(registered), webauthn.Passkey); err != nil {
		t.Error(err)
	}
	if options := rp.RequestOptions(requestChallenge, nil, true); options.PublicKey.RPID != "app.example.org" {
		t.Errorf("rpId %q", options.PublicKey.RPID)
	}
}

// Names in other scripts are written in Punycode by browsers.
func TestOriginsInOtherScripts(t *testing.T) {
	t.Parallel()
	rp, err := webauthn.New(webauthn.Config{
		RPID: "xn--mller-kva.example", Origins: []string{"https://Müller.example", "https://blog.müller.example:8443"},
		RelatedOrigins: []string{"https://Müller.de", "https://bücher.example.com:444", "https://example.net:"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"https://xn--mller-kva.de", "https://xn--bcher-kva.example.com:444", "https://example.net"}
	if got := rp.RelatedOrigins(); !slices.Equal(got, want) {
		t.Errorf("related origins %v, want %v", got, want)
	}
}

// A page that embeds ours in a frame gets no assertions.
func TestFramesAreRefused(t *testing.T) {
	t.Parallel()
	for _, more := range []string{`"crossOrigin":true`, `"crossOrigin":true,"topOrigin":"https://app.example.org"`, `"topOrigin":"https://evil.example"`} {
		text := withClientData(t, registered, more)
		if _, _, err := register(party(t), text, webauthn.Passkey); !errors.Is(err, webauthn.ErrRejected) {
			t.Errorf("%s: %v", more, err)
		}
	}
	if _, _, err := register(party(t), withClientData(t, registered, `"crossOrigin":false,"other":"x"`), webauthn.Passkey); err != nil {
		t.Errorf("what browsers add: %v", err)
	}
}

// withClientData adds members to the client data of a response.
func withClientData(t *testing.T, text, more string) []byte {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	response := answer["response"].(map[string]any)
	data, err := base64.RawURLEncoding.DecodeString(response["clientDataJSON"].(string))
	if err != nil {
		t.Fatal(err)
	}
	response["clientDataJSON"] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(data), "{", "{"+more+",", 1)))
	changed, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}
