package mfa_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// Keys are taken as password managers and authenticators make them.

// reauthenticates returns the response of the server to a reauthentication by the key.
func (d *device) reauthenticates(c *clienttest.Client) *clienttest.Answer {
	return c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))})
}

// Password managers change the flag of backup eligibility. The change is stored and told.
// Backup of a key that cannot be backed up is a contradiction.
func TestFlagsOfBackup(t *testing.T) {
	t.Parallel()
	happened := &events{}
	s := start(t, signals, happened.collect)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	d := newDevice(t, s)
	flags := func(eligible, backedUp bool) {
		d.auth.Options.BackupEligible, d.auth.Options.BackupState = eligible, backedUp
	}
	flags(false, true)
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath)))}).Problems("incorrect_code")
	flags(false, false)
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath)))}).Status(200)
	for _, step := range []struct{ eligible, backedUp, ok, changed bool }{
		{false, false, true, false}, {false, true, false, false},
		{true, false, true, true}, {true, true, true, false}, {true, false, true, false}, {false, true, false, false}, {true, true, true, false},
		{false, false, true, true}, {false, false, true, false}, {true, true, true, true},
	} {
		flags(step.eligible, step.backedUp)
		if answer := d.reauthenticates(c); (answer.StatusCode == 200) != step.ok {
			t.Errorf("%+v: %s", step, answer.Text)
		}
		told := take[mfa.KeyBackupChanged](happened)
		if (len(told) == 1) != step.changed || step.changed && told[0].BackupEligible != step.eligible {
			t.Errorf("%+v: events %v", step, told)
		}
		if listed := listedKeys(c)[0]["backed_up"]; step.ok && listed != step.backedUp {
			t.Errorf("%+v: backed_up is %v", step, listed)
		}
	}
}

// A host that asks for keys which stay on their device gets no others, as far as keys
// tell.
func TestDeviceBoundKeys(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) { cfg.DeviceBoundKeys = true }))
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	synced := newDevice(t, s)
	synced.auth.Options.BackupEligible = true
	for _, query := range []string{"", "?passwordless"} {
		c.Post(keysPath, body{"credential": synced.create(creation(c.Get(keysPath + query)))}).Problems("incorrect_code")
	}
	d := addKey(t, s, c, true)
	d.reauthenticates(c).Status(200)
	d.auth.Options.BackupEligible = true
	d.reauthenticates(c).Problems("credential:incorrect_code")
	d.auth.Options.BackupState = true
	d.reauthenticates(c).Problems("credential:incorrect_code")
	d.auth.Options.BackupEligible, d.auth.Options.BackupState = false, false
	d.reauthenticates(c).Status(200)

	// What was added before keeps working.
	user := s.SignUp(clienttest.App, bob)
	older := newDevice(t, s)
	older.auth.Options.BackupEligible, older.auth.Options.BackupState = true, true
	if _, err := s.Auth.ImportAuthenticator(t.Context(), userID(user), mfa.Imported{Key: imported(t, older)}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		older.reauthenticates(user).Status(200)
	}
}

// The devices of a passkey that is backed up count on their own: 7 on one and 3 on
// another is no copy.
func TestCountersOfSyncedKeys(t *testing.T) {
	t.Parallel()
	happened := &events{}
	s := start(t, happened.collect)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	d := newDevice(t, s)
	d.auth.Options.BackupEligible, d.auth.Options.BackupState = true, true
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath + "?passwordless")))}).Status(200)
	counted := func(n uint32) *clienttest.Answer {
		d.key.Counter = max(n, 1) - 1 // get adds one, unless it is zero
		if n > 0 && d.key.Counter == 0 {
			t.Fatal("the software key cannot count 1")
		}
		return d.reauthenticates(c)
	}
	for _, n := range []uint32{7, 3, 3, 0, 4_000_000_000, 2} {
		counted(n).Status(200)
	}
	// A key that no longer syncs counts again, from its last response on.
	d.auth.Options.BackupEligible, d.auth.Options.BackupState = false, false
	counted(2).Status(200) // it could be backed up until now
	counted(2).Problems("credential:incorrect_code")
	counted(3).Status(200)
	// A copy of it does not avoid the comparison by the claim that it syncs.
	d.auth.Options.BackupEligible = true
	counted(2).Problems("credential:incorrect_code")
	if cloned := take[mfa.KeyCloned](happened); len(cloned) != 2 {
		t.Errorf("events %v", cloned)
	}
}

// Options have the transports of keys, and the hints of the host.
func TestTransportsAndHints(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) { cfg.WebAuthnHints = []string{"client-device", "hybrid"} }))
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	d := newDevice(t, s)
	answer := d.create(creation(c.Get(keysPath)))
	answer["response"].(map[string]any)["transports"] = []string{"internal", "hybrid", "unheard-of"}
	c.Post(keysPath, body{"credential": answer}).Status(200)
	descriptor := `[{"id":"` + d.id() + `","transports":["internal","hybrid"],"type":"public-key"}]`
	for member, options := range map[string]any{"excludeCredentials": creation(c.Get(keysPath)), "allowCredentials": request(c.Get(reauthenticatePath))} {
		key, _ := options.(map[string]any)["publicKey"].(map[string]any)
		if text, _ := json.Marshal(key[member]); string(text) != descriptor {
			t.Errorf("%s: %s, want %s", member, text, descriptor)
		}
		if hints, _ := json.Marshal(key["hints"]); string(hints) != `["client-device","hybrid"]` {
			t.Errorf("hints beside %s: %s", member, hints)
		}
	}
}

// A passkey is named after the password manager that made it, unless the user names it.
func TestNamesOfProviders(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	add := func(name string, aaguid [16]byte) any {
		d := newDevice(t, s)
		d.auth.Aaguid = aaguid
		return c.Post(keysPath, body{"name": name, "credential": d.create(creation(c.Get(keysPath)))}).Status(200).Value("data", "name")
	}
	keepass := [16]byte{0xfd, 0xb1, 0x41, 0xb2, 0x5d, 0x84, 0x44, 0x3e, 0x8a, 0x35, 0x46, 0x98, 0xc2, 0x05, 0xa5, 0x02}
	got := []any{add("", keepass), add("", keepass), add("Mine", keepass), add("", keepass), add("", [16]byte{}), add("", [16]byte{1})}
	if want := []any{"KeePassXC", "KeePassXC 2", "Mine", "KeePassXC 3", "Key nr. 5", "Key nr. 6"}; !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
}
