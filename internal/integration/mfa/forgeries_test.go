package mfa_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// The forgeries W4 to W12 of the catalogue of attacks. Everything in a response is made
// here, so that each part can be wrong.

const (
	flagUP = 1 << 0
	flagUV = 1 << 2
	flagBE = 1 << 3
	flagBS = 1 << 4
	flagAT = 1 << 6
)

// forger makes responses with a key of its own.
type forger struct {
	t      testing.TB
	key    *ecdsa.PrivateKey
	id     []byte
	handle string
	// What responses contain; a test changes it.
	origin, rpID, create, get string
	flags                     byte
	counter                   uint32
	clientData                map[string]any // more members
	cose                      []byte         // the public key, nil for that of key
	trailing                  []byte         // after the attestation object
}

func newForger(t testing.TB, s *clienttest.Server) *forger {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // it does not fail
	return &forger{
		t: t, key: key, id: id, origin: s.Config.BaseURL, rpID: "localhost",
		create: "webauthn.create", get: "webauthn.get", flags: flagUP | flagUV,
	}
}

// with returns a copy with a change.
func (f *forger) with(change func(f *forger)) *forger {
	changed := *f
	change(&changed)
	return &changed
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// cborBytes encodes a byte string, cborHead the head of a value (RFC 8949 §3).
func cborBytes(b []byte) []byte { return append(cborHead(2, len(b)), b...) }
func cborHead(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 256:
		return []byte{major<<5 | 24, byte(n)}
	default:
		return []byte{major<<5 | 25, byte(n >> 8), byte(n)}
	}
}

// ec2 is a COSE key on the curve P-256 with an algorithm, an int below -1 and above -257.
func ec2(key *ecdsa.PrivateKey, algorithm int) []byte {
	point, _ := key.PublicKey.Bytes() // 4, x, y
	cose := slices.Concat([]byte{0xa5, 1, 2, 3}, cborHead(1, -1-algorithm), []byte{0x20, 1, 0x21})
	return slices.Concat(cose, cborBytes(point[1:33]), []byte{0x22}, cborBytes(point[33:]))
}

// rsaKey is a COSE key for RS256.
func rsaKey(t testing.TB, bits int) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat([]byte{0xa4, 1, 3, 3}, cborHead(1, 256), []byte{0x20}, cborBytes(key.N.Bytes()), []byte{0x21, 0x43, 1, 0, 1})
}

// data returns the client data and the authenticator data of a response.
func (f *forger) data(kind string, options any) (clientData, authenticatorData []byte, publicKey map[string]any) {
	f.t.Helper()
	publicKey, _ = options.(map[string]any)["publicKey"].(map[string]any)
	members := map[string]any{"type": kind, "challenge": publicKey["challenge"], "origin": f.origin}
	maps.Copy(members, f.clientData)
	clientData, err := json.Marshal(members)
	if err != nil {
		f.t.Fatal(err)
	}
	rp := sha256.Sum256([]byte(f.rpID))
	return clientData, append(append(rp[:], f.flags), binary.BigEndian.AppendUint32(nil, f.counter)...), publicKey
}

// registers returns the response to creation options.
func (f *forger) registers(options any) map[string]any {
	f.t.Helper()
	clientData, auth, publicKey := f.data(f.create, options)
	user, _ := publicKey["user"].(map[string]any)
	f.handle, _ = user["id"].(string)
	cose := f.cose
	if cose == nil {
		cose = ec2(f.key, -7)
	}
	auth[32] |= flagAT
	auth = slices.Concat(auth, make([]byte, 16), []byte{0, byte(len(f.id))}, f.id, cose)
	object := slices.Concat([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"), cborBytes(auth), f.trailing)
	return map[string]any{"id": encode64(f.id), "response": map[string]any{"clientDataJSON": encode64(clientData), "attestationObject": encode64(object)}}
}

// asserts returns the response to request options.
func (f *forger) asserts(options any) map[string]any {
	f.t.Helper()
	clientData, auth, _ := f.data(f.get, options)
	hash := sha256.Sum256(clientData)
	digest := sha256.Sum256(append(bytes.Clone(auth), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, f.key, digest[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return map[string]any{"id": encode64(f.id), "response": map[string]any{
		"clientDataJSON": encode64(clientData), "authenticatorData": encode64(auth), "signature": encode64(signature), "userHandle": f.handle,
	}}
}

// forgery is a server with a user who has a passkey, and that passkey.
type forgery struct {
	t     *testing.T
	s     *clienttest.Server
	owner *clienttest.Client
	key   *forger
	*events
}

// startForgery starts the server and registers the passkey.
func startForgery(t *testing.T, edit ...func(cfg *mfa.Config)) *forgery {
	t.Helper()
	happened := &events{}
	s := start(t, happened.collect)
	for _, change := range edit {
		s = start(t, happened.collect, setting(change))
	}
	f := &forgery{t, s, s.SignUp(clienttest.App, ann), newForger(t, s), happened}
	reauthenticate(f.owner)
	f.register(f.key).Status(200)
	return f
}

// register registers a passkey of the user.
func (f *forgery) register(key *forger) *clienttest.Answer {
	f.t.Helper()
	return f.owner.Post(keysPath, body{"credential": key.registers(creation(f.owner.Get(keysPath + "?passwordless")))})
}

// login returns the response to a login with the passkey. A refused one leaves no session
// with a user.
func (f *forgery) login(kind clienttest.Kind, key *forger) *clienttest.Answer {
	f.t.Helper()
	c := f.s.Client(kind)
	answer := c.Post(loginPath, body{"credential": key.asserts(request(c.Get(loginPath)))})
	if answer.StatusCode != 200 {
		c.Get("auth/session").Status(401)
	}
	return answer
}

// refuses fails the test unless the passkey logs in as it is, and neither logs in nor is
// registered with any of the changes.
func (f *forgery) refuses(changes map[string]func(f *forger)) {
	f.t.Helper()
	for name, change := range changes {
		for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
			if answer := f.login(kind, f.key.with(change)); answer.StatusCode != 400 {
				f.t.Errorf("%s logs in: %s", name, answer.Text)
			}
		}
		if answer := f.register(newForger(f.t, f.s).with(change)); answer.StatusCode != 400 {
			f.t.Errorf("%s is registered: %s", name, answer.Text)
		}
	}
	f.login(clienttest.App, f.key).LoggedIn(ann)
	f.login(clienttest.Browser, f.key).LoggedIn(ann)
}

func TestForgeryW4AnotherOrigin(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	changes := map[string]func(f *forger){}
	for _, origin := range []string{
		"https://evil.example", "https://localhost", "http://localhost", "http://localhost:1", "http://app.localhost", "http://localhost.evil.example",
		"http://evillocalhost", f.s.Config.BaseURL + "/", f.s.Config.BaseURL + ".", "null", "",
	} {
		changes[origin] = func(f *forger) { f.origin = origin }
	}
	f.refuses(changes)
}

func TestForgeryW5AnotherRelyingParty(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	f.refuses(map[string]func(f *forger){
		"another domain": func(f *forger) { f.rpID = "evil.example" }, "below it": func(f *forger) { f.rpID = "app.localhost" },
		"the origin": func(f *forger) { f.rpID = f.origin }, "nothing": func(f *forger) { f.rpID = "" }, "another case": func(f *forger) { f.rpID = "LOCALHOST" },
	})
}

func TestForgeryW6AnotherCeremony(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	f.refuses(map[string]func(f *forger){
		"the other type": func(f *forger) { f.create, f.get = f.get, f.create },
		"no type":        func(f *forger) { f.create, f.get = "", "" },
		"a payment":      func(f *forger) { f.create, f.get = "payment.create", "payment.get" },
		"another case":   func(f *forger) { f.create, f.get = "WebAuthn.create", "WebAuthn.get" },
		"a list":         func(f *forger) { f.clientData = map[string]any{"type": []string{f.create, f.get}} },
	})
}

func TestForgeryW7AnotherChallenge(t *testing.T) {
	t.Parallel()
	for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
		f := startForgery(t)
		c, other := f.s.Client(kind), f.s.Client(kind)
		post := func(c *clienttest.Client, answer any) *clienttest.Answer {
			return c.Post(loginPath, body{"credential": answer})
		}
		used := f.key.asserts(request(c.Get(loginPath)))
		post(c, used).LoggedIn(ann)
		post(c, used).Problems("credential:incorrect_code")
		stolen := f.key.asserts(request(c.Get(loginPath)))
		other.Get(loginPath).Status(200)
		post(other, stolen).Problems("credential:incorrect_code")
		f.s.Clock.Advance(map[clienttest.Kind]time.Duration{clienttest.App: 5 * time.Minute, clienttest.Browser: time.Hour}[kind] + time.Second)
		post(c, stolen).Problems("credential:incorrect_code")
		for name, challenge := range map[string]any{"none": "", "zeros": encode64(make([]byte, 32)), "not text": 5} {
			key := f.key.with(func(f *forger) { f.clientData = map[string]any{"challenge": challenge} })
			if answer := f.login(kind, key); answer.StatusCode != 400 {
				t.Errorf("%s: %s", name, answer.Text)
			}
		}
	}
}

func TestForgeryW8ADuplicateKey(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	f.register(f.key).Problems("incorrect_code")
	thief := f.s.SignUp(clienttest.App, bob)
	reauthenticate(thief)
	copied := newForger(t, f.s)
	copied.id = f.key.id
	thief.Post(keysPath, body{"credential": copied.registers(creation(thief.Get(keysPath + "?passwordless")))}).Problems("incorrect_code")
	f.login(clienttest.Browser, copied).Problems("credential:incorrect_code")
	f.login(clienttest.Browser, f.key).LoggedIn(ann)
}

func TestForgeryW9TheHandleOfAnotherUser(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	victim := f.s.SignUp(clienttest.App, bob)
	reauthenticate(victim)
	others := newForger(t, f.s)
	victim.Post(keysPath, body{"credential": others.registers(creation(victim.Get(keysPath + "?passwordless")))}).Status(200)
	for name, handle := range map[string]string{
		"of the victim": others.handle, "none": "", "an id": encode64([]byte(userID(victim))), "cut": f.key.handle[:len(f.key.handle)-2],
	} {
		if answer := f.login(clienttest.Browser, f.key.with(func(f *forger) { f.handle = handle })); answer.StatusCode != 400 {
			t.Errorf("%s: %s", name, answer.Text)
		}
	}
	f.login(clienttest.Browser, f.key.with(func(f *forger) { f.id = others.id })).Problems("credential:incorrect_code")
	f.login(clienttest.Browser, f.key).LoggedIn(ann)
}

func TestForgeryW10AFrameOfAnotherSite(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	with := func(members map[string]any) func(f *forger) { return func(f *forger) { f.clientData = members } }
	f.refuses(map[string]func(f *forger){
		"crossOrigin":           with(map[string]any{"crossOrigin": true}),
		"with topOrigin":        with(map[string]any{"crossOrigin": true, "topOrigin": "https://evil.example"}),
		"topOrigin alone":       with(map[string]any{"topOrigin": "https://evil.example"}),
		"in a frame of its own": with(map[string]any{"crossOrigin": true, "topOrigin": f.s.Config.BaseURL}),
	})
}

// A key that is backed up and cannot be backed up contradicts itself. That it says
// otherwise than before is refused only if the host asks for keys bound to a device.
func TestForgeryW11ChangedBackupFlags(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	f.refuses(map[string]func(f *forger){"backed up without eligibility": func(f *forger) { f.flags |= flagBS }})
	eligible := func(f *forger) { f.flags |= flagBE }
	f.login(clienttest.Browser, f.key.with(eligible)).LoggedIn(ann)
	if told := take[mfa.KeyBackupChanged](f.events); len(told) != 1 || !told[0].BackupEligible {
		t.Errorf("events %v", told)
	}
	bound := startForgery(t, func(cfg *mfa.Config) { cfg.DeviceBoundKeys = true })
	bound.refuses(map[string]func(f *forger){
		"eligible": eligible, "backed up": func(f *forger) { f.flags |= flagBE | flagBS }, "backed up without eligibility": func(f *forger) { f.flags |= flagBS },
	})
}

func TestForgeryW12WeakAndMalformedKeys(t *testing.T) {
	t.Parallel()
	f := startForgery(t)
	weak := rsaKey(t, 1024)
	valid := ec2(f.key.key, -7)
	for name, change := range map[string]func(f *forger){
		"an unknown algorithm":       func(f *forger) { f.cose = ec2(f.key, -200) },
		"another algorithm":          func(f *forger) { f.cose = ec2(f.key, -8) },
		"weak RSA":                   func(f *forger) { f.cose = weak },
		"more after the key":         func(f *forger) { f.cose = append(bytes.Clone(valid), 0xa0) },
		"more after the object":      func(f *forger) { f.trailing = []byte{0xa0} },
		"a point beside the curve":   func(f *forger) { f.cose = slices.Concat(valid[:len(valid)-1], []byte{valid[len(valid)-1] ^ 1}) },
		"no key":                     func(f *forger) { f.cose = []byte{0xa0} },
		"a key of indefinite length": func(f *forger) { f.cose = slices.Concat([]byte{0xbf}, valid[1:], []byte{0xff}) },
		"an id of no length":         func(f *forger) { f.id = nil },
		"a symmetric key (COSE 4)": func(f *forger) {
			f.cose = slices.Concat([]byte{0xa3, 1, 4, 3, 0x26, 0x20}, cborBytes(make([]byte, 32)))
		},
		"without presence":            func(f *forger) { f.flags = flagUV },
		"without verification":        func(f *forger) { f.flags = flagUP },
		"neither of them":             func(f *forger) { f.flags = 0 },
		"a negative algorithm of 2^8": func(f *forger) { f.cose = ec2(f.key, -65535) },
	} {
		if answer := f.register(newForger(t, f.s).with(change)); answer.StatusCode != 400 {
			t.Errorf("%s: %s", name, answer.Text)
		}
	}
	strong := newForger(t, f.s)
	strong.cose = rsaKey(t, 2048)
	f.register(strong).Status(200)
	if got := types(f.owner); !slices.Equal(got, []string{"webauthn", "recovery_codes", "webauthn"}) {
		t.Errorf("authenticators %v", got)
	}
}
