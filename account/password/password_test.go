package password

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var cheap = Config{Argon2id: Argon2id{MemoryKiB: 64, Iterations: 1}}

func hasher(t testing.TB, cfg Config) *Hasher {
	t.Helper()
	h, err := NewHasher(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// vectors were made with Python's hashlib and crypt(3), not with this package.
var vectors = map[string]string{
	"Django pbkdf2_sha256": "pbkdf2_sha256$1000$saltsalt$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0=",
	"Django pbkdf2_sha1":   "pbkdf2_sha1$1000$saltsalt$wQoBU7GXMNo2CJC+raijrf6key4=",
	"Django scrypt":        "scrypt$1024$saltsalt$8$1$ZGeSwropSvEgLQU1pjltINKrRvmEBSnohdqYXUe5EZ8lX839he8Xlnu1Hm6vBg8U0dik5GHfzXu1ax2apIYCXQ==",
	"PHC scrypt":           "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$ZGeSwropSvEgLQU1pjltINKrRvmEBSnohdqYXUe5EZ8",
	"PHC pbkdf2-sha256":    "$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0",
	"PHC pbkdf2-sha512":    "$pbkdf2-sha512$i=1000$c2FsdHNhbHQ$+sUSD8jw4f8ns7m9b7kj8PeJLe8lJXO8Am09BLgO79kST9D/Ija5aKINGF5Xg7hkKXw1+fNhBzzJP3eIXcWXww",
	"bcrypt":               "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
	"Django bcrypt":        "bcrypt$$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
}

func TestForeignHashesAreVerifiedAndDueForAnUpgrade(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	for name, encoded := range vectors {
		if ok, upgrade, err := h.Verify(context.Background(), "correct horse", encoded); !ok || !upgrade || err != nil {
			t.Errorf("%s: %v %v %v", name, ok, upgrade, err)
		}
		for _, wrong := range []string{"", "Correct horse", "correct  horse", "correct hors", "correct horse."} {
			if ok, _, err := h.Verify(context.Background(), wrong, encoded); ok || err != nil {
				t.Errorf("%s takes %q: %v", name, wrong, err)
			}
		}
	}
}

func TestOwnHashes(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	ctx := context.Background()
	encoded, err := h.Hash(ctx, "correct horse")
	if err != nil || !strings.HasPrefix(encoded, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatal(encoded, err)
	}
	if ok, upgrade, err := h.Verify(ctx, "correct horse", encoded); !ok || upgrade || err != nil {
		t.Errorf("own hash: %v %v %v", ok, upgrade, err)
	}
	if ok, upgrade, _ := h.Verify(ctx, "correct horse", "argon2"+encoded); !ok || !upgrade {
		t.Errorf("Django's argon2: %v %v", ok, upgrade)
	}
	stronger := hasher(t, Config{Argon2id: Argon2id{MemoryKiB: 128, Iterations: 1}})
	if ok, upgrade, _ := stronger.Verify(ctx, "correct horse", encoded); !ok || !upgrade {
		t.Errorf("other parameters: %v %v", ok, upgrade)
	}
	if again, _ := h.Hash(ctx, "correct horse"); again == encoded {
		t.Error("the salt does not change")
	}
}

func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	ctx := context.Background()
	long := strings.Repeat("x", 72)
	encoded, _ := h.Hash(ctx, long+"a")
	if ok, _, _ := h.Verify(ctx, long+"b", encoded); ok {
		t.Error("the 73rd byte does not matter")
	}
	blank, _ := h.Hash(ctx, " p w ")
	for _, wrong := range []string{"p w", " p w", "p w ", " pw "} {
		if ok, _, _ := h.Verify(ctx, wrong, blank); ok {
			t.Errorf("blanks do not matter: %q", wrong)
		}
	}
	if ok, _, _ := h.Verify(ctx, "correct horse"+strings.Repeat("\x00", 70), vectors["bcrypt"]); ok {
		t.Error("bcrypt ignores zero bytes")
	}
	if _, err := h.Hash(ctx, strings.Repeat("x", MaxLength+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
}

func TestHostileHashesAreRefusedBeforeTheyCost(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	salt := "c2FsdHNhbHQ$ZGeSwropSvEgLQU1pjltINKrRvmEBSnohdqYXUe5EZ8"
	for _, encoded := range []string{
		"", "!", "!x", "plain", "$", "$$", "$argon2id$", "$argon2d$v=19$m=64,t=1,p=1$" + salt,
		"$argon2id$v=19$m=4194304,t=9,p=4$" + salt, "$argon2id$v=19$m=64,t=0,p=1$" + salt, "$argon2id$v=19$m=64,t=1,p=0$" + salt,
		"$argon2id$v=19$m=64,t=1,p=257$" + salt, "$argon2id$v=19$m=64,t=4000000000,p=1$" + salt, "$argon2id$v=16$m=64,t=1,p=1$" + salt,
		"$argon2id$v=19$t=1,m=64,p=1$" + salt, "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$x", "$argon2id$v=19$m=64,t=1,p=1$$",
		"$scrypt$ln=40,r=8,p=1$" + salt, "$scrypt$ln=20,r=1000,p=1$" + salt, "scrypt$1000$s$8$1$ZGeS", "scrypt$-2$s$8$1$ZGeS",
		"pbkdf2_sha256$9999999$s$ZGeS", "pbkdf2_sha256$0$s$ZGeS", "pbkdf2_md5$1$s$ZGeS", "$2b$31$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
		"$2x$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", "md5$salt$hash", "$argon2id$" + strings.Repeat("x", 5000),
	} {
		if ok, _, err := h.Verify(context.Background(), "correct horse", encoded); ok || !errors.Is(err, ErrUnsupportedHash) {
			t.Errorf("%q: %v %v", encoded, ok, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	for _, encoded := range vectors {
		f.Add(encoded)
	}
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$ZGeSwropSvEgLQU1pjltIA")
	f.Fuzz(func(t *testing.T, encoded string) {
		stored, err := parse(encoded)
		if err != nil && !errors.Is(err, ErrUnsupportedHash) {
			t.Fatalf("unexpected error %v", err)
		}
		if a, ok := stored.(argonHash); ok && !a.params.bounded() {
			t.Fatalf("unbounded parameters %+v", a.params)
		}
	})
}

func TestConfigNamesTheField(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{Argon2id: Argon2id{MemoryKiB: 1}}, {Argon2id: Argon2id{Iterations: 99}}, {MaxQueue: -1}} {
		if _, err := NewHasher(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func TestHashesAreBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter(2, 100, time.Minute)
	var running, most atomic.Int64
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			err := l.run(context.Background(), func() {
				now := running.Add(1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				running.Add(-1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if most.Load() > 2 {
		t.Errorf("%d ran at once", most.Load())
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter(1, 1, time.Minute)
	occupied, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 2)
	go func() { done <- l.run(context.Background(), func() { close(occupied); <-release }) }()
	<-occupied
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- l.run(ctx, func() {}) }()
	for len(l.waiting) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := l.run(context.Background(), func() {}); !errors.Is(err, ErrBusy) {
		t.Errorf("beyond the queue: %v", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	impatient := &limiter{l.slots, l.waiting, 0}
	if err := impatient.run(context.Background(), func() {}); !errors.Is(err, ErrBusy) {
		t.Errorf("waited too long: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	for password, want := range map[string][]string{
		"correct-horse-9-battery":   nil,
		"aaaaaaaabcdefghijklmnopqr": nil,
		"\U0001F600\U0001F601\U0001F602\U0001F603\U0001F604\U0001F605\U0001F606\U0001F607": nil,
		"xevqn77":                 {"password_too_short"},
		"password123":             {"password_too_common"},
		"PassWord123\t":           {"password_too_common"},
		"12345678901":             {"password_too_common", "password_entirely_numeric"},
		"password1234567":         {"password_too_common"},
		"9283746501928":           {"password_entirely_numeric"},
		"12345":                   {"password_too_short", "password_too_common", "password_entirely_numeric"},
		"wizard-wizard":           {"password_too_similar"},
		"wizardwizard1":           {"password_too_similar"},
		"somewizard@example":      {"password_too_similar"},
		strings.Repeat("x", 1025): {"max_length"},
	} {
		var codes []string
		for _, p := range (Policy{}).Validate(password, "wizard", "some.wizard@example.org", "") {
			codes = append(codes, p.Code)
			if p.Param != "password" {
				t.Errorf("%s has the param %q", p.Code, p.Param)
			}
		}
		if !slices.Equal(codes, want) {
			t.Errorf("%.30q: %v, want %v", password, codes, want)
		}
	}
}

func FuzzValidate(f *testing.F) {
	f.Add("wizard-wizard", "some.wizard@example.org")
	f.Fuzz(func(t *testing.T, password, attribute string) {
		_ = Policy{}.Validate(password, attribute)
	})
}

func BenchmarkHash(b *testing.B) {
	h := hasher(b, Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Hash(context.Background(), "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = Policy{}.Validate("correct-horse-9-battery", "anna@example.org")
	}
}
