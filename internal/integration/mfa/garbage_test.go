package mfa_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// fields are the members of a response, by their paths.
var fields = []string{
	"id", "rawId", "type", "authenticatorAttachment", "clientExtensionResults", "clientExtensionResults.credProps", "clientExtensionResults.credProps.rk",
	"response", "response.clientDataJSON", "response.attestationObject", "response.authenticatorData", "response.signature", "response.userHandle", "response.transports",
}

// garbage are values of any type.
var garbage = []string{
	`null`, `true`, `0`, `-1`, `1e999`, `""`, `"AA"`, `"!"`, `"=="`, `"\u0000"`, `"é"`, `"\ud800"`, `[]`, `[[[]]]`, `{}`, `{"rk":{}}`, `["usb",5]`,
	`"` + strings.Repeat("A", 4000) + `"`, `"oWF4oWF4"`, `"e30"`, `"bnVsbA"`, `"_w"`, `"n_8"`,
}

// with returns the response with one member replaced.
func with(answer map[string]any, path string, value json.RawMessage) json.RawMessage {
	text, _ := json.Marshal(answer) // decoded JSON can be encoded
	var copied map[string]any
	_ = json.Unmarshal(text, &copied)
	names := strings.Split(path, ".")
	at := copied
	for _, name := range names[:len(names)-1] {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	at[names[len(names)-1]] = value
	text, _ = json.Marshal(copied) // nil if it is not JSON
	return text
}

// answers are valid responses, each with a client that waits for it.
type answers struct {
	s      *clienttest.Server
	owner  *clienttest.Client
	device *device
	keys   int
}

func newAnswers(t testing.TB) *answers {
	s := start(t, setting(func(cfg *mfa.Config) { cfg.MaxKeys = 10_000 }))
	owner, d := withKey(t, s, clienttest.App, ann, true)
	return &answers{s: s, owner: owner, device: d, keys: 1}
}

// parts are the members that a response needs.
var parts = []string{"id", "rawId", "response", "response.clientDataJSON", "response.attestationObject"}

// post sends a response with a changed member to each endpoint that accepts one.
func (a *answers) post(t testing.TB, path string, value string) {
	t.Helper()
	added := a.owner.Post(keysPath, body{"credential": with(newDevice(t, a.s).create(creation(a.owner.Get(keysPath))), path, json.RawMessage(value))})
	switch {
	case added.StatusCode == 200 && slices.Contains(parts, path) && (path != "rawId" || value != "null"): // which may be missing
		t.Errorf("a key with %s = %s was stored", path, value)
		fallthrough
	case added.StatusCode == 200:
		a.keys++
		a.count(t)
	case added.StatusCode != 400:
		t.Fatalf("registration with %s = %s: %d %s", path, value, added.StatusCode, added.Text)
	}
	c := a.s.Client(clienttest.App)
	changed := with(a.device.get(request(c.Get(loginPath))), path, json.RawMessage(value))
	if used := c.Post(loginPath, body{"credential": changed}); used.StatusCode != 200 && used.StatusCode != 400 {
		t.Fatalf("assertion with %s = %s: %d %s", path, value, used.StatusCode, used.Text)
	}
}

// count fails the test unless the list can be requested and has the accepted
// keys.
func (a *answers) count(t testing.TB) {
	t.Helper()
	stored := 0
	for _, one := range types(a.owner) {
		if one == "webauthn" {
			stored++
		}
	}
	if stored != a.keys {
		t.Fatalf("%d keys are stored, %d were accepted", stored, a.keys)
	}
}

func TestGarbageInEveryMember(t *testing.T) {
	t.Parallel()
	for _, path := range fields {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			a := newAnswers(t) // each response lists the keys of the user, so users with few keys are faster
			for _, value := range garbage {
				a.post(t, path, value)
			}
			a.count(t)
			// A response may be sent as a text. This one was not requested.
			text := with(a.device.get(request(a.s.Client(clienttest.App).Get(loginPath))), path, json.RawMessage(garbage[0]))
			a.owner.Post(reauthenticatePath, body{"credential": string(text)}).Status(400)
		})
	}
}

// FuzzCredential replaces any member of a valid response by anything.
func FuzzCredential(f *testing.F) {
	for i := range fields {
		f.Add(uint8(i), garbage[i%len(garbage)])
	}
	f.Fuzz(func(t *testing.T, field uint8, value string) {
		if !json.Valid([]byte(value)) {
			text, _ := json.Marshal(value) // a text can always be encoded
			value = string(text)
		}
		a := newAnswers(t)
		a.post(t, fields[int(field)%len(fields)], value)
		a.count(t)
	})
}
