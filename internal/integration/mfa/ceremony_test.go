package mfa_test

import (
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// waiting is a client with a pending ceremony.
type waiting struct {
	name    string
	client  *clienttest.Client
	options any
	path    string
	// put is true if the response is sent with PUT.
	put bool
}

func (w waiting) send(credential any) *clienttest.Answer {
	if w.put {
		return w.client.Put(w.path, body{"credential": credential})
	}
	return w.client.Post(w.path, body{"credential": credential})
}

// TestAnAnswerCountsInItsOwnCeremonyOnly begins every ceremony and sends each
// response to all others, of the same user and of another one.
func TestAnAnswerCountsInItsOwnCeremonyOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	annIn, annKey := withKey(t, s, clienttest.App, ann, true)
	bobIn, bobKey := withKey(t, s, clienttest.App, bob, true)
	begin := func(d *device, in *clienttest.Client, email string) []waiting {
		pending, login := passwordLogin(s, clienttest.App, email), s.Client(clienttest.App)
		return []waiting{
			{"authenticate", pending, request(pending.Get(authenticatePath)), authenticatePath, false},
			{"reauthenticate", in, request(in.Get(reauthenticatePath)), reauthenticatePath, false},
			{"login", login, request(login.Get(loginPath)), loginPath, false},
		}
	}
	for i := range 3 {
		for j := range 6 {
			anns, bobs := begin(annKey, annIn, ann), begin(bobKey, bobIn, bob)
			answer := annKey.get(anns[i].options)
			target := append(anns, bobs...)[j]
			got := target.send(answer)
			if i == j {
				got.LoggedIn(ann)
				continue
			}
			got.Problems("credential:incorrect_code")
			// This consumes the target's own challenge.
			own := annKey
			if j >= 3 {
				own = bobKey
			}
			target.send(own.get(target.options)).Problems("credential:incorrect_code")
			s.Clock.Advance(clienttest.NextTries)
		}
	}
}

// TestANewKeyCountsInItsOwnCeremonyOnly does the same with registrations.
func TestANewKeyCountsInItsOwnCeremonyOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	annIn, bobIn := s.SignUp(clienttest.App, ann), s.SignUp(clienttest.App, bob)
	reauthenticate(annIn)
	reauthenticate(bobIn)
	eve, mallory := signingUp(s, "eve@example.org"), signingUp(s, "mallory@example.org")
	other := s.LogIn(clienttest.App, ann)
	begin := func() []waiting {
		return []waiting{
			{"add", annIn, creation(annIn.Get(keysPath + "?passwordless")), keysPath, false},
			{"add in another session", other, creation(other.Get(keysPath + "?passwordless")), keysPath, false},
			{"add of another user", bobIn, creation(bobIn.Get(keysPath + "?passwordless")), keysPath, false},
			{"sign up", eve, creation(eve.Get(signupPath)), signupPath, true},
			{"another sign-up", mallory, creation(mallory.Get(signupPath)), signupPath, true},
		}
	}
	for i := range 5 {
		for j := range 5 {
			if i == j {
				continue
			}
			all := begin()
			if got := all[j].send(newDevice(t, s).create(all[i].options)); got.StatusCode != 400 || !strings.Contains(got.Text, "incorrect_code") {
				t.Errorf("an answer to %q was taken for %q: %s", all[i].name, all[j].name, got.Text)
			}
		}
	}
	for i, w := range begin() {
		if i != 1 { // the second of Ann's would be a second key of hers
			w.send(newDevice(t, s).create(w.options)).Status(200)
		}
	}
}

// TestCeremoniesOfOneSession sends responses to other ceremonies of the session
// of their challenge.
func TestCeremoniesOfOneSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	in, d := withKey(t, s, clienttest.App, ann, true)
	in.Post(reauthenticatePath, body{"credential": d.get(request(in.Get(loginPath)))}).Problems("credential:incorrect_code")
	in.Post(loginPath, body{"credential": d.get(request(in.Get(reauthenticatePath)))}).Problems("credential:incorrect_code")
	pending := passwordLogin(s, clienttest.App, ann)
	pending.Post(authenticatePath, body{"credential": d.get(request(pending.Get(loginPath)))}).Problems("credential:incorrect_code")
	pending.Post(loginPath, body{"credential": d.get(request(pending.Get(authenticatePath)))}).Problems("credential:incorrect_code")

	// The login continues in another way meanwhile.
	codes := codesOf(in)
	pending = passwordLogin(s, clienttest.App, ann)
	unused := d.get(request(pending.Get(authenticatePath)))
	pending.Post("auth/2fa/authenticate", body{"code": codes[0]}).LoggedIn(ann)
	pending.Post(reauthenticatePath, body{"credential": unused}).Problems("credential:incorrect_code")

	// A challenge for one user is signed by another one who logs in to the same
	// session.
	_, bobs := withKey(t, s, clienttest.App, bob, true)
	pending = passwordLogin(s, clienttest.App, ann)
	options := request(pending.Get(authenticatePath))
	pending.Post("auth/login", body{"email": bob, "password": password}).Status(401).Pending("mfa_authenticate")
	pending.Post(authenticatePath, body{"credential": bobs.get(options)}).Problems("credential:incorrect_code")

	// The key of another user who is not listed.
	pending = passwordLogin(s, clienttest.App, ann)
	pending.Post(authenticatePath, body{"credential": bobs.get(request(pending.Get(authenticatePath)))}).Problems("credential:incorrect_code")
	bobs.auth.Options.UserHandle = nil
	pending.Post(authenticatePath, body{"credential": bobs.get(request(pending.Get(authenticatePath)))}).Problems("credential:incorrect_code")
}

func TestAChallengeIsGoodOnceAndForFiveMinutes(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, d := withKey(t, s, clienttest.App, ann, true)
	c := s.Client(clienttest.App)
	answer := d.get(request(c.Get(loginPath)))
	c.Post(loginPath, body{"credential": answer}).LoggedIn(ann)
	c.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")

	c = s.Client(clienttest.App)
	answer = d.get(request(c.Get(loginPath)))
	s.Clock.Advance(5*time.Minute + time.Second)
	c.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")

	c = s.Client(clienttest.App)
	answer = d.get(request(c.Get(loginPath)))
	c.Get(loginPath) // replaces it
	c.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")

	c = passwordLogin(s, clienttest.App, ann)
	options := request(c.Get(authenticatePath))
	wrong := d.get(options)
	response, _ := wrong["response"].(map[string]any)
	signature, _ := response["signature"].(string)
	response["signature"] = "AAAA" + signature[4:]
	c.Post(authenticatePath, body{"credential": wrong}).Problems("credential:incorrect_code")
	c.Post(authenticatePath, body{"credential": d.get(options)}).Problems("credential:incorrect_code")
	c.Post(authenticatePath, body{"credential": d.get(request(c.Get(authenticatePath)))}).LoggedIn(ann)
}

func TestAStaleRegistrationBurnsItsChallenge(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	answer := newDevice(t, s).create(creation(c.Get(keysPath)))
	s.Clock.Advance(5 * time.Minute)
	c.Post(keysPath, body{"credential": body{"id": "x"}}).Problems("incorrect_code")
	c.Post(keysPath, body{"credential": answer}).Status(401)
	reauthenticate(c)
	c.Post(keysPath, body{"credential": answer}).Problems("incorrect_code")
}

func TestPasskeysMustBePasskeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner, second := withKey(t, s, clienttest.App, ann, false)
	login := func(d *device) *clienttest.Answer {
		c := s.Client(clienttest.App)
		return c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))})
	}
	login(second).Problems("credential:incorrect_code") // a second factor only

	passkey := addKey(t, s, owner, true)
	login(passkey).LoggedIn(ann)
	passkey.auth.Options.UserNotVerified = true
	login(passkey).Problems("credential:incorrect_code")
	passkey.auth.Options.UserNotVerified = false
	handle := passkey.auth.Options.UserHandle
	for _, wrong := range [][]byte{nil, []byte("1"), append([]byte{0}, handle...), make([]byte, 100)} {
		passkey.auth.Options.UserHandle = wrong
		login(passkey).Problems("credential:incorrect_code")
	}
	_, others := withKey(t, s, clienttest.App, bob, true)
	passkey.auth.Options.UserHandle = others.auth.Options.UserHandle
	login(passkey).Problems("credential:incorrect_code")
	passkey.auth.Options.UserHandle = handle
	login(passkey).LoggedIn(ann)

	// The client says that the key is not discoverable.
	liar := newDevice(t, s)
	answer := liar.create(creation(owner.Get(keysPath + "?passwordless")))
	answer["clientExtensionResults"] = map[string]any{"credProps": map[string]any{"rk": false}}
	if added := owner.Post(keysPath, body{"credential": answer}).Status(200); added.Value("data", "is_passwordless") != false {
		t.Errorf("a key without residence: %s", added.Text)
	}
	login(liar).Problems("credential:incorrect_code")

	// User verification is also required when a passkey is created.
	careless := newDevice(t, s)
	careless.auth.Options.UserNotVerified = true
	owner.Get(loginPath)
	owner.Post(keysPath, body{"credential": careless.create(creation(owner.Get(keysPath + "?passwordless")))}).Problems("incorrect_code")
	owner.Get(keysPath)
	owner.Post(keysPath, body{"credential": careless.create(creation(owner.Get(keysPath)))}).Status(200)
	login(careless).Problems("credential:incorrect_code")
}

func TestAKeyHasOneOwner(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner, d := withKey(t, s, clienttest.App, ann, false)
	owner.Post(keysPath, body{"credential": d.create(creation(owner.Get(keysPath)))}).Problems("incorrect_code")
	other := s.SignUp(clienttest.App, bob)
	reauthenticate(other)
	other.Post(keysPath, body{"credential": d.create(creation(other.Get(keysPath)))}).Problems("incorrect_code")
	if got := types(other); len(got) > 0 {
		t.Errorf("authenticators %v", got)
	}
	// No other user can use, rename or remove it.
	addKey(t, s, other, false)
	c := passwordLogin(s, clienttest.App, bob)
	c.Post(authenticatePath, body{"credential": d.get(request(c.Get(authenticatePath)))}).Problems("credential:incorrect_code")
	list, _ := owner.Get("account/authenticators").JSON["data"].([]any)
	item, _ := list[0].(map[string]any)
	other.Put(keysPath, body{"id": item["id"], "name": "mine"}).Problems("id:invalid_choice")
	other.Delete(keysPath, body{"authenticators": []any{item["id"]}}).Problems("authenticators:invalid_choice")
}

func TestACounterMayNotGoBack(t *testing.T) {
	t.Parallel()
	happened := &events{}
	s := start(t, happened.collect)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	d := newDevice(t, s)
	d.key.Counter = 7
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath)))}).Status(200)
	authenticate := func(counter uint32) *clienttest.Answer {
		d.key.Counter = counter - 1 // get adds one
		return c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))})
	}
	authenticate(8).Status(200)
	authenticate(8).Problems("credential:incorrect_code")
	authenticate(5).Problems("credential:incorrect_code")
	d.key.Counter = 0
	c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))}).Problems("credential:incorrect_code")
	if cloned := take[mfa.KeyCloned](happened); len(cloned) != 3 {
		t.Errorf("events %v", cloned)
	}
	authenticate(4_000_000_000).Status(200)
	authenticate(4_000_000_001).Status(200)
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) {
		cfg.WebAuthnOrigins = []string{"https://app.localhost", "android:apk-key-hash:abc"}
	}))
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	try := func(origin string) *clienttest.Answer {
		d := newDevice(t, s)
		d.rp.Origin = origin
		return c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath)))})
	}
	for _, origin := range []string{"https://app.localhost", "android:apk-key-hash:abc"} {
		try(origin).Status(200)
	}
	for _, origin := range []string{
		s.Config.BaseURL, "http://app.localhost", "https://app.localhost:444", "https://localhost", "https://evil.app.localhost",
		"https://app.localhost.example.org", "https://evilapp.localhost", "https://app.localhost/", "null", "", "android:apk-key-hash:ABC",
	} {
		try(origin).Problems("incorrect_code")
	}
	d := newDevice(t, s)
	d.rp.Origin, d.rp.ID = "https://app.localhost", "app.localhost"
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath)))}).Problems("incorrect_code")
	d = newDevice(t, s)
	d.rp.Origin, d.auth.Options.UserNotPresent = "https://app.localhost", true
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath)))}).Problems("incorrect_code")
}

func TestInsecureOriginsStayWithinTheDomain(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) { cfg.WebAuthnAllowInsecureOrigin = true }))
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	for origin, ok := range map[string]bool{
		s.Config.BaseURL: true, "http://localhost:3000": true, "http://app.localhost:8080": true,
		"http://example.org": false, "http://evillocalhost": false, "http://localhost:3000/x": false, "file://localhost": false,
	} {
		d := newDevice(t, s)
		d.rp.Origin = origin
		if got := c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath)))}); (got.StatusCode == 200) != ok {
			t.Errorf("%s: %s", origin, got.Text)
		}
	}
}
