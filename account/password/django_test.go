package password

import (
	"strings"
	"testing"
)

func TestDjangoHashes(t *testing.T) {
	t.Parallel()
	cheap := Argon2id{MemoryKiB: 8, Iterations: 1, Parallelism: 1}
	for _, d := range []Django{{"pbkdf2_sha256", 1000}, {"argon2", 0}, {"bcrypt_sha256", 4}, {"scrypt", 0}} {
		h, err := NewHasher(Config{Argon2id: cheap, Django: &d})
		if err != nil {
			t.Fatal(err)
		}
		const typed = " Grüße\u0301 "
		encoded, err := h.Hash(t.Context(), typed)
		if err != nil || !strings.HasPrefix(encoded, d.Hasher+"$") || len(encoded) > 128 {
			t.Fatalf("%s: Hash gave %q, %v; want Django's format in at most 128 characters", d.Hasher, encoded, err)
		}
		for password, want := range map[string]bool{typed: true, strings.TrimSpace(typed): true, "other": false} {
			ok, upgrade, err := h.Verify(t.Context(), password, encoded)
			if err != nil || ok != want || upgrade {
				t.Errorf("%s: Verify(%q) = %v, upgrade %v, %v; want %v without an upgrade", d.Hasher, password, ok, upgrade, err, want)
			}
		}
		if stored, err := parse(encoded); err != nil || !stored.matches([]byte(strings.TrimSpace(typed))) {
			t.Errorf("%s: the hash is not that of the text that Django hashes, without blanks", d.Hasher)
		}
		if h.decoy.matches([]byte("a")) || !strings.HasPrefix(encoded, h.format) {
			t.Errorf("%s: the decoy has the format %q, want that of %q", d.Hasher, h.format, encoded)
		}
	}
}

func TestDjangoHasherIsChecked(t *testing.T) {
	t.Parallel()
	for _, d := range []Django{{}, {"md5", 0}, {"pbkdf2_sha256", 1 << 30}, {"bcrypt_sha256", 3}, {"scrypt", 5}, {"argon2", 2}} {
		if _, err := NewHasher(Config{Django: &d}); err == nil || !strings.HasPrefix(err.Error(), "Django.") {
			t.Errorf("NewHasher with %+v returned %v, want an error that names the field", d, err)
		}
	}
}
