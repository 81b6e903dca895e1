package password

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// sorted returns a lookup in a store with these hashes, and the number of its
// calls.
func sorted(stored []string) (next func(context.Context, string) (string, error), asked *int) {
	stored = slices.Sorted(slices.Values(stored))
	asked = new(int)
	return func(_ context.Context, from string) (string, error) {
		*asked++
		i, _ := slices.BinarySearch(stored, from)
		if i == len(stored) {
			return "", nil
		}
		return stored[i], nil
	}, asked
}

// Each format is found with a few lookups, among any number of hashes and of
// values that are not hashes.
func TestEveryStoredFormatIsFound(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	want := map[string]bool{}
	var stored []string
	for _, f := range families {
		for _, v := range vectors {
			format, whole := f.format(v)
			if !whole || !strings.HasPrefix(v, f.start) {
				continue
			}
			want[format] = true
			for i := range 500 {
				stored = append(stored, fmt.Sprintf("%s%04d", format, i)) // malformed
			}
			stored = append(stored, v)
		}
	}
	for i := range 500 {
		stored = append(stored, raw(t, h, "pass"), fmt.Sprintf("%032x", i), fmt.Sprintf("!%d", i), fmt.Sprintf("md5$%d$x", i), fmt.Sprintf("$1$%d", i), fmt.Sprintf("~%d", i), fmt.Sprintf("é%d", i))
	}
	stored = append(stored, "$2b$31$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", "pbkdf2_sha256$9999999$s$ZGeS", "$2y$", "$2y$no", "scrypt$", "bcrypt$$2b$")
	next, asked := sorted(stored)
	found, err := formats(context.Background(), next)
	if err != nil {
		t.Fatal(err)
	}
	delete(found, h.params.format())
	for format := range want {
		if found[format] == nil && format != h.params.format() {
			t.Errorf("%s was not found", format)
		}
		delete(found, format)
	}
	for format := range found {
		t.Errorf("%s was found", format)
	}
	if *asked > 60 {
		t.Errorf("the store was asked %d times", *asked)
	}
	for v := range vectors {
		if i := slices.IndexFunc(families, func(f family) bool { return strings.HasPrefix(vectors[v], f.start) }); i < 0 {
			t.Errorf("%s is of no family", v)
		}
	}
	if !slices.IsSortedFunc(families, func(a, b family) int { return strings.Compare(a.start, b.start) }) {
		t.Error("the families are not in the order of their bytes")
	}
}

func TestTheCostliestFormatDecides(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	ctx := context.Background()
	cost := func(stored ...string) time.Duration {
		t.Helper()
		next, _ := sorted(stored)
		took, err := h.Costliest(ctx, next)
		if err != nil {
			t.Fatal(err)
		}
		return took
	}
	const (
		slow  = "$2y$08$6dkaKC7m8Q.AY2IvqzRpievzhGtV2sBpK0Hnb7XXn98KngScSVT52"
		quick = "pbkdf2_sha256$1$salt$ZGeSwropSvEgLQU1pjltINKrRvmEBSnohdqYXUe5EZ8"
	)
	own := raw(t, h, "pass")
	if took := cost(own, own, Unusable, ""); took != 0 {
		t.Errorf("nothing but hashes of our own: %v", took)
	}
	if took := cost(own, quick, slow); took == 0 || len(h.measured) != 3 {
		t.Errorf("%v of %v", took, h.measured)
	}
	// Each format is measured only once.
	h.measured = map[string]time.Duration{h.params.format(): 2, "pbkdf2_sha256$1$": 1, "$2y$08$": 3}
	for want, stored := range map[time.Duration][]string{2: {own, quick}, 3: {own, quick, slow}} {
		if took := cost(stored...); took != want {
			t.Errorf("%q: %v, want %v", stored, took, want)
		}
	}
	if took := cost("$2y$08$cut"); took != 3 {
		t.Errorf("a malformed hash hides its format: %v", took)
	}
	broken := errors.New("broken")
	if _, err := h.Costliest(ctx, func(context.Context, string) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := h.Costliest(ctx, func(context.Context, string) (string, error) { return "#", nil }); !errors.Is(err, errOrder) {
		t.Error(err)
	}
}

// A longer sum, and parameters behind the salt, count as well.
func TestWhatFollowsTheSaltCosts(t *testing.T) {
	t.Parallel()
	next, _ := sorted([]string{"$pbkdf2-sha1$i=1$c2FsdHNhbHQ$" + sum64, "scrypt$16$salt$8$1$" + sum64})
	found, err := formats(context.Background(), next)
	if err != nil {
		t.Fatal(err)
	}
	if h := found["$pbkdf2-sha1$i=1$"].(pbkdf2Hash); len(h.sum) != 64 {
		t.Errorf("the sum has %d bytes", len(h.sum))
	}
	if h := found["scrypt$16$"].(scryptHash); h.p != 5 {
		t.Errorf("p is %d", h.p)
	}
}

// The number of formats is bounded, so a store with as many formats as hashes is
// not read to its end.
func TestFormatsAreBounded(t *testing.T) {
	t.Parallel()
	var stored []string
	for i := range 2000 {
		stored = append(stored, fmt.Sprintf("pbkdf2_sha256$%d$salt$%s", i+1, sum32), fmt.Sprintf("$2y$%d", i))
	}
	next, asked := sorted(append(stored, "scrypt$16$salt$8$1$"+sum64))
	found, err := formats(context.Background(), next)
	if err != nil || found["scrypt$16$"] == nil || *asked > 100 {
		t.Errorf("%d formats, asked %d times, %v", len(found), *asked, err)
	}
}
