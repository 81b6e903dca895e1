package password

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// family is a kind of hash that Verify supports.
type family struct {
	// start is the prefix of all its hashes.
	start string
	// dollars is the number of dollar signs up to the end of the parameters.
	dollars int
	// rest completes a prefix with parameters to a hash.
	rest string
}

var (
	restOfBcrypt = strings.Repeat(".", 53)
	restOfPHC    = salt22 + "$" + sum32
	salt22       = strings.Repeat("A", 22)
	sum20        = strings.Repeat("A", 27)
	sum32        = strings.Repeat("A", 43)
	sum64        = strings.Repeat("A", 86)
)

// families are sorted by their prefixes, byte by byte.
var families = []family{
	{"$2a$", 3, restOfBcrypt},
	{"$2b$", 3, restOfBcrypt},
	{"$2y$", 3, restOfBcrypt},
	{"$argon2i$", 4, restOfPHC},
	{"$argon2id$", 4, restOfPHC},
	{"$pbkdf2-sha1$", 3, salt22 + "$" + sum20},
	{"$pbkdf2-sha256$", 3, restOfPHC},
	{"$pbkdf2-sha512$", 3, salt22 + "$" + sum64},
	{"$scrypt$", 3, restOfPHC},
	{"argon2$", 4, restOfPHC},
	{"bcrypt$", 4, restOfBcrypt},
	{"bcrypt_sha256$", 4, restOfBcrypt},
	{"pbkdf2_sha1$", 2, salt22 + "$" + sum20},
	{"pbkdf2_sha256$", 2, restOfPHC},
	{djangoScrypt, 2, salt22 + "$8$5$" + sum64},
}

const djangoScrypt = "scrypt$"

// maxFormats is the largest number of formats of one family that Costliest looks
// up.
const maxFormats = 16

var errOrder = errors.New("password: the stored hashes are not in the order of their bytes")

// Costliest returns how long the costliest of the stored formats takes for one
// hash, or zero if all hashes are as Hash makes them. A format is a kind of hash
// with its parameters; it counts even if a hash of it is malformed, as others may
// be valid.
//
// next returns the smallest stored hash, compared byte by byte, that is not less
// than from, or an empty text. It is called about once for each format, whatever
// the number of hashes. Each format is measured once, by computing a hash that
// matches nothing. Measurements run one at a time and outside of MaxConcurrent,
// so that a flood of logins cannot delay them. The errors are those of next and
// of the context.
func (h *Hasher) Costliest(ctx context.Context, next func(ctx context.Context, from string) (string, error)) (time.Duration, error) {
	found, err := formats(ctx, next)
	if err != nil {
		return 0, err
	}
	delete(found, h.format)
	if len(found) == 0 {
		return 0, nil
	}
	found[h.format] = h.decoy
	var costliest time.Duration
	for format, example := range found {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		costliest = max(costliest, h.measure(format, example))
	}
	return costliest, nil
}

// measure returns how long one hash of the format takes.
func (h *Hasher) measure(format string, example hash) time.Duration {
	h.measuring.Lock()
	defer h.measuring.Unlock()
	took, known := h.measured[format]
	if !known {
		began := time.Now()
		example.matches([]byte("a password of common length"))
		took = time.Since(began)
		h.measured[format] = took
	}
	return took
}

// formats returns a hash of each stored format. It looks up the first hash of a
// format, and continues after the last possible hash of that format.
func formats(ctx context.Context, next func(ctx context.Context, from string) (string, error)) (map[string]hash, error) {
	found := map[string]hash{}
	count := map[string]int{} // by the start of the family
	for from := families[0].start; from != ""; {
		encoded, err := next(ctx, from)
		if err != nil || encoded == "" {
			return found, err
		}
		if encoded < from {
			return nil, errOrder
		}
		i := slices.IndexFunc(families, func(f family) bool { return strings.HasPrefix(encoded, f.start) })
		if i < 0 {
			from = startAfter(encoded)
			continue
		}
		f := families[i]
		format, whole := f.format(encoded)
		switch count[f.start]++; {
		case count[f.start] > maxFormats:
			from = after(f.start)
		case !whole:
			from = encoded + "\x01"
		default:
			if example := f.example(format, encoded); example != nil {
				found[format] = example
			}
			from = after(format)
		}
	}
	return found, nil
}

// startAfter returns the prefix of the next family, or an empty text.
func startAfter(encoded string) string {
	for _, f := range families {
		if f.start > encoded {
			return f.start
		}
	}
	return ""
}

// after returns the smallest text that is greater than all texts with the prefix,
// which ends with a dollar sign.
func after(prefix string) string { return strings.TrimSuffix(prefix, "$") + "%" }

// format returns the prefix of a hash up to the end of its parameters.
func (f family) format(encoded string) (format string, whole bool) {
	end := 0
	for range f.dollars {
		dollar := strings.IndexByte(encoded[end:], '$')
		if dollar < 0 {
			return "", false
		}
		end += dollar + 1
	}
	return encoded[:end], true
}

// example returns a hash that takes as long as those of the format, such as
// encoded, or nil if Verify computes none of them.
func (f family) example(format, encoded string) hash {
	stored, err := parse(encoded)
	if err == nil {
		switch h := stored.(type) {
		case pbkdf2Hash:
			return h // it takes longer for a longer sum
		case scryptHash:
			if f.start == djangoScrypt {
				// These two are behind the salt, where they may differ from hash
				// to hash: Django made p five times as large in version 5.1.
				h.r, h.p = max(h.r, 8), max(h.p, 5)
			}
			return h
		}
	}
	if stored, err = parse(format + f.rest); err != nil {
		return nil
	}
	return stored
}
