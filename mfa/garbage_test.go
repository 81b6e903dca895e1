package mfa_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// fields are the members of an answer, by their paths.
var fields = []string{
	"id", "rawId", "type", "authenticatorAttachment", "clientExtensionResults", "clientExtensionResults.credProps", "clientExtensionResults.credProps.rk",
	"response", "response.clientDataJSON", "response.attestationObject", "response.authenticatorData", "response.signature", "response.userHandle", "response.transports",
}

// garbage is what may stand in a member.
var garbage = []string{
	`null`, `true`, `0`, `-1`, `1e999`, `""`, `"AA"`, `"!"`, `"=="`, `"\u0000"`, `"é"`, `"\ud800"`, `[]`, `[[[]]]`, `{}`, `{"rk":{}}`, `["usb",5]`,
	`"` + strings.Repeat("A", 4000) + `"`, `"oWF4oWF4"`, `"e30"`, `"bnVsbA"`, `"_w"`, `"n_8"`,
}

// with returns the answer with one member replaced.
func with(answer map[string]any, path string, value json.RawMessage) json.RawMessage {
	text, _ := json.Marshal(answer) // it came out of JSON
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
	text, _ = json.Marshal(copied) // nil for what is no JSON
	return text
}

// answers are real ones, with a client that waits for each.
type answers struct {
	s      *clienttest.Server
	owner  *clienttest.Client
	device *device
	keys   int
}

func newAnswers(t testing.TB) *answers {
	s := start(t)
	owner, d := withKey(t, s, clienttest.App, ann, true)
	return &answers{s: s, owner: owner, device: d, keys: 1}
}

// post sends one answer with a changed member, to each place that takes one.
func (a *answers) post(t testing.TB, path string, value string) {
	t.Helper()
	added := a.owner.Post(keysPath, body{"credential": with(newDevice(t, a.s).create(creation(a.owner.Get(keysPath))), path, json.RawMessage(value))})
	if added.StatusCode == 200 {
		a.keys++
	} else if added.StatusCode != 400 {
		t.Fatalf("registration with %s = %s: %d %s", path, value, added.StatusCode, added.Text)
	}
	stored := 0
	for _, one := range types(a.owner) { // the list can still be read
		if one == "webauthn" {
			stored++
		}
	}
	if stored != a.keys {
		t.Fatalf("registration with %s = %s: %d keys are stored, %d were accepted: %s", path, value, stored, a.keys, added.Text)
	}
	c := a.s.Client(clienttest.App)
	changed := with(a.device.get(request(c.Get(loginPath))), path, json.RawMessage(value))
	switch used := c.Post(loginPath, body{"credential": changed}); used.StatusCode {
	case 200:
		c.Delete("auth/session", nil).Status(401)
	case 400:
	default:
		t.Fatalf("assertion with %s = %s: %d %s", path, value, used.StatusCode, used.Text)
	}
	text := a.owner.Post(reauthenticatePath, body{"credential": string(changed)})
	if text.StatusCode != 400 { // nothing was asked for
		t.Fatalf("assertion as a text with %s = %s: %d %s", path, value, text.StatusCode, text.Text)
	}
}

func TestGarbageInEveryMember(t *testing.T) {
	t.Parallel()
	a := newAnswers(t)
	for _, path := range fields {
		for _, value := range garbage {
			a.post(t, path, value)
		}
	}
	before := a.keys
	for _, path := range []string{"id", "rawId", "response", "response.clientDataJSON", "response.attestationObject"} {
		for _, value := range garbage {
			if value != `null` || path != "rawId" { // which need not be there
				a.post(t, path, value)
			}
		}
	}
	if a.keys != before {
		t.Errorf("%d broken keys were stored", a.keys-before)
	}
}

// FuzzCredential puts anything in the place of any member of a real answer.
func FuzzCredential(f *testing.F) {
	for i := range fields {
		f.Add(uint8(i), garbage[i%len(garbage)])
	}
	f.Fuzz(func(t *testing.T, field uint8, value string) {
		if !json.Valid([]byte(value)) {
			text, _ := json.Marshal(value) // a text has a JSON form
			value = string(text)
		}
		newAnswers(t).post(t, fields[int(field)%len(fields)], value)
	})
}
