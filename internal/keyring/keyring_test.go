package keyring

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"
)

func ring(t testing.TB, secrets ...string) *Keyring {
	t.Helper()
	var list [][]byte
	for _, s := range secrets {
		list = append(list, bytes.Repeat([]byte(s), 32))
	}
	k, err := New(list, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNewNamesTheShortSecret(t *testing.T) {
	t.Parallel()
	if _, err := New(nil, rand.Reader); err == nil {
		t.Error("no secret was accepted")
	}
	_, err := New([][]byte{make([]byte, 32), make([]byte, 10)}, rand.Reader)
	if err == nil || err.Error() != "Secrets[1] has 10 bytes; use at least 32 random ones" {
		t.Errorf("got %v", err)
	}
}

func TestSignedTextsSurviveRotationAndNothingElse(t *testing.T) {
	t.Parallel()
	text := ring(t, "a").Sign("one", []byte("payload"))
	for name, c := range map[string]struct {
		ring    *Keyring
		purpose string
		text    string
		want    bool
	}{
		"same ring":       {ring(t, "a"), "one", text, true},
		"rotated":         {ring(t, "b", "a"), "one", text, true},
		"retired":         {ring(t, "b"), "one", text, false},
		"other purpose":   {ring(t, "a"), "two", text, false},
		"changed payload": {ring(t, "a"), "one", "x" + text, false},
		"cut":             {ring(t, "a"), "one", text[:len(text)-1], false},
		"empty":           {ring(t, "a"), "one", "", false},
	} {
		payload, ok := c.ring.Verify(c.purpose, c.text)
		if ok != c.want || ok && string(payload) != "payload" {
			t.Errorf("%s: got %q, %v", name, payload, ok)
		}
	}
}

func TestSignedTextsEnd(t *testing.T) {
	t.Parallel()
	k, end := ring(t, "a"), time.Unix(1000, 0)
	text := k.SignUntil("one", []byte("payload"), end)
	if _, ok := k.VerifyAt("one", text, end); !ok {
		t.Error("refused in its last second")
	}
	if _, ok := k.VerifyAt("one", text, end.Add(time.Second)); ok {
		t.Error("accepted after its end")
	}
}

func TestMACTellsPartsApart(t *testing.T) {
	t.Parallel()
	k := ring(t, "a")
	mac := k.MAC("one", []byte("ab"), []byte("c"))
	if !k.CheckMAC("one", mac, []byte("ab"), []byte("c")) {
		t.Error("own MAC refused")
	}
	if k.CheckMAC("one", mac, []byte("a"), []byte("bc")) {
		t.Error("parts may be shifted")
	}
}

func TestSealedTextsOpenUnderTheirPurposeAndOwner(t *testing.T) {
	t.Parallel()
	old := ring(t, "a")
	sealed, err := old.Seal("seed", []byte("secret"), []byte("user 1"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := ring(t, "b", "a").Open("seed", sealed, []byte("user 1")); err != nil || string(plain) != "secret" {
		t.Errorf("after rotation: %q, %v", plain, err)
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"other owner":   func() ([]byte, error) { return old.Open("seed", sealed, []byte("user 2")) },
		"other purpose": func() ([]byte, error) { return old.Open("mail", sealed, []byte("user 1")) },
		"flipped bit":   func() ([]byte, error) { return old.Open("seed", flipped, []byte("user 1")) },
		"retired":       func() ([]byte, error) { return ring(t, "b").Open("seed", sealed, []byte("user 1")) },
	} {
		if _, err := open(); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	k := ring(f, "a")
	f.Add(k.Sign("one", []byte("payload")))
	f.Add(".")
	f.Add("cGF5bG9hZA.")
	f.Fuzz(func(t *testing.T, text string) {
		if payload, ok := k.Verify("one", text); ok && k.Sign("one", payload) != text {
			t.Errorf("accepted %q, which is not how %q is signed", text, payload)
		}
	})
}

func FuzzOpen(f *testing.F) {
	k := ring(f, "a")
	sealed, _ := k.Seal("one", []byte("x"), nil)
	f.Add(sealed)
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := k.Open("one", text, nil); err == nil && !bytes.Equal(text, sealed) {
			t.Error("opened what was never sealed")
		}
	})
}
