package password

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

func TestAPasswordIsThatOfEveryKeyboard(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	for name, c := range map[string]struct{ set, typed string }{
		"decomposed":             {"Grünkohl-um-8", "Gru\u0308nkohl-um-8"},
		"composed":               {"Gru\u0308nkohl-um-8", "Grünkohl-um-8"},
		"space":                  {"nine\u00a0lives\u3000left", "nine lives left"},
		"Hangul":                 {"\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"},
		"emoji":                  {"👩‍💻❤️ und Gru\u0308nkohl", "👩‍💻❤️ und Grünkohl"},
		"control characters":     {"tab\tand\x1bescape", "tab\tand\x1bescape"},
		"unassigned":             {"\U000e1000 is a character", "\U000e1000 is a character"},
		"broken encoding":        {"\xff\xfe\xfd", "\xff\xfe\xfd"},
		"blanks only":            {"   ", "   "},
		"blanks around":          {" in the middle ", " in the middle "},
		"as long as is accepted": {strings.Repeat("é", MaxLength/2), strings.Repeat("e\u0301", MaxLength/2)},
	} {
		encoded, err := h.Hash(context.Background(), c.set)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if ok, upgrade, err := h.Verify(context.Background(), c.typed, encoded); !ok || upgrade || err != nil {
			t.Errorf("%s: %v %v %v", name, ok, upgrade, err)
		}
	}
}

// raw returns the hash of a password without normalization, as earlier versions
// made it.
func raw(t *testing.T, h *Hasher, password string) string {
	t.Helper()
	salt := []byte("saltsaltsaltsalt")
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.params.MemoryKiB, h.params.Iterations, h.params.Parallelism,
		encode(salt), encode(h.params.key([]byte(password), salt, keySize)))
}

func TestAHashOfTheTypedTextStaysValid(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	ctx := context.Background()
	for _, password := range []string{"Gru\u0308nkohl-um-8", "nine\u00a0lives", " Gru\u0308nkohl\u3000 ", "\u0344\t"} {
		ok, upgrade, err := h.Verify(ctx, password, raw(t, h, password))
		if !ok || !upgrade || err != nil {
			t.Fatalf("%q: %v %v %v", password, ok, upgrade, err)
		}
		upgraded, err := h.Rehash(ctx, password)
		if err != nil {
			t.Fatal(err)
		}
		if ok, upgrade, _ := h.Verify(ctx, password, upgraded); !ok || upgrade {
			t.Errorf("%q after the upgrade: %v %v", password, ok, upgrade)
		}
	}
}

func TestBcryptOfALongPasswordMadeElsewhere(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	ctx := context.Background()
	for _, size := range []int{71, 72, 73, 100, 255, 1024, 4000} {
		password := strings.Repeat("correct horse ", size/14+1)[:size]
		cut, err := bcrypt.GenerateFromPassword([]byte(password[:min(size, 72)]), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		for _, encoded := range []string{string(cut), "$2y$" + string(cut[4:]), "$2b$" + string(cut[4:]), "bcrypt$" + string(cut)} {
			ok, upgrade, err := h.Verify(ctx, password, encoded)
			if !ok || err != nil {
				t.Errorf("%d bytes, %.9s: %v %v", size, encoded, ok, err)
			}
			// bcrypt ignored these bytes, so they may be mistyped: they must not
			// become part of the password.
			if want := size < 72; upgrade != want {
				t.Errorf("%d bytes, %.9s: upgrade %v", size, encoded, upgrade)
			}
			if ok, _, _ := h.Verify(ctx, "X"+password[1:], encoded); ok {
				t.Errorf("%d bytes, %.9s: the first byte does not matter", size, encoded)
			}
		}
	}
}

func TestDjangoLeftOutTheBlanksAtTheEnds(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	for name, encoded := range vectors {
		for _, typed := range []string{" correct horse", "correct horse ", "\t correct horse\u00a0\r\n", "\x1fcorrect horse\u2003"} {
			ok, upgrade, err := h.Verify(context.Background(), typed, encoded)
			if want := isDjango(encoded); ok != want || upgrade || err != nil {
				t.Errorf("%s, %q: %v %v %v", name, typed, ok, upgrade, err)
			}
		}
	}
}

func TestLongPasswordsOfOtherSystems(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	ctx := context.Background()
	long := strings.Repeat("x", MaxVerifyLength)
	if ok, upgrade, err := h.Verify(ctx, long, "argon2"+raw(t, h, long)); !ok || !upgrade || err != nil {
		t.Fatal(ok, upgrade, err)
	}
	upgraded, err := h.Rehash(ctx, long)
	if err != nil {
		t.Fatal(err)
	}
	if ok, upgrade, err := h.Verify(ctx, long, upgraded); !ok || upgrade || err != nil {
		t.Fatal(ok, upgrade, err)
	}
	if ok, _, _ := h.Verify(ctx, long[1:], upgraded); ok {
		t.Error("the last byte does not matter")
	}
	if _, err := h.VerifyAll(ctx, long+"x"); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
	if _, err := h.Rehash(ctx, long+"x"); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
}

// counted is a stored hash that counts how often it is computed.
type counted struct {
	hash
	n *int
}

func (c counted) matches(password []byte) bool {
	*c.n++
	return c.hash.matches(password)
}

func TestHowManyHashesAreComputedDependsOnTheTypedTextOnly(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	for typed, want := range map[string]int{
		"": 1, "correct horse": 1, "Grünkohl": 1, "Gru\u0308nkohl": 2, " Grünkohl": 2, "   ": 2, " Gru\u0308nkohl ": 3, "👩‍💻": 1, "\u00a0": 3,
	} {
		stored := map[string]hash{"decoy": decoyHash{h.params}}
		for name, encoded := range vectors {
			stored[name], _ = parse(encoded)
		}
		stored["the same"], _ = parse(raw(t, h, typed))
		stored["normalized"], _ = parse(raw(t, h, normalize(typed)))
		for name, hash := range stored {
			n := 0
			h.compare(typed, make([]string, 1), counted{hash, &n})
			if n != want {
				t.Errorf("%q with %s: %d hashes, want %d", typed, name, n, want)
			}
		}
		n := 0
		decoy := counted{decoyHash{h.params}, &n}
		h.compare(typed, make([]string, MaxHashes), decoy, decoy, decoy)
		if n != MaxHashes {
			t.Errorf("%q with three accounts: %d hashes", typed, n)
		}
	}
}

func TestEveryAccountIsComparedInTheUsualSpellingFirst(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	typed := " Gru\u0308nkohl "
	own := raw(t, h, normalize(typed))
	c, err := h.VerifyAll(context.Background(), typed, "", Unusable, own)
	if err != nil || c.Matches[0].OK || c.Matches[1].OK || !c.Matches[2].OK {
		t.Error(c, err)
	}
	if c, err := h.VerifyAll(context.Background(), typed); len(c.Matches) != 0 || c.Hashes == 0 || err != nil {
		t.Error(c, err)
	}
}

func FuzzSpellings(f *testing.F) {
	for _, password := range []string{"", " ", "Gru\u0308nkohl", "\u00a0\u3000x\x1f", "👩‍💻❤️", "\xff ", "\u0344"} {
		f.Add(password)
	}
	f.Fuzz(func(t *testing.T, password string) {
		list := spellings(password)
		if len(list) == 0 || len(list) > MaxHashes {
			t.Fatalf("%d spellings", len(list))
		}
		texts := map[string]bool{}
		for _, s := range list {
			texts[s.text] = true
		}
		if len(texts) != len(list) {
			t.Fatalf("a spelling occurs twice: %v", texts)
		}
		normal := normalize(password)
		if !texts[password] || !list[0].normal || list[0].text != normal {
			t.Fatalf("%q is missing in %v", password, texts)
		}
		if again := normalize(normal); again != normal {
			t.Fatalf("%q becomes %q", normal, again)
		}
		if utf8.ValidString(password) && normalize(norm.NFD.String(password)) != normal {
			t.Fatalf("composed %q, decomposed %q", normal, normalize(norm.NFD.String(password)))
		}
	})
}
