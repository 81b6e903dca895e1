package password

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	stdhash "hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// Bounds of stored hashes. Hashes beyond them are refused, so that a single row
// cannot take the server down.
const (
	maxMemoryKiB       = 256 << 10
	maxArgonIterations = 10
	maxParallelism     = 16
	maxPBKDF2          = 2_000_000
	maxBcryptCost      = 15
	maxFieldSize       = 512 // bytes of a salt or a sum
)

// hash is a parsed stored hash.
type hash interface {
	matches(password []byte) bool
}

// parse parses a stored hash. It returns ErrUnsupportedHash for any other text.
func parse(encoded string) (hash, error) {
	if len(encoded) > 2*maxFieldSize {
		return nil, ErrUnsupportedHash
	}
	kind, rest, _ := strings.Cut(encoded, "$")
	if kind == "" {
		if isBcrypt(encoded) {
			return parseBcrypt(encoded, false)
		}
		kind, rest, _ = strings.Cut(rest, "$")
		return parsePHC(kind, rest)
	}
	switch kind { // Django's algorithm names
	case "argon2":
		kind, rest, _ = strings.Cut(rest, "$")
		return parseArgon(kind, rest)
	case "bcrypt":
		return parseBcrypt(rest, false)
	case "bcrypt_sha256":
		return parseBcrypt(rest, true)
	case "pbkdf2_sha256", "pbkdf2_sha1":
		return parseDjangoPBKDF2(strings.TrimPrefix(kind, "pbkdf2_"), rest)
	case "scrypt":
		return parseDjangoScrypt(rest)
	}
	return nil, ErrUnsupportedHash
}

func parsePHC(kind, rest string) (hash, error) {
	switch kind {
	case "argon2id", "argon2i":
		return parseArgon(kind, rest)
	case "scrypt":
		return parsePHCScrypt(rest)
	case "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		return parsePHCPBKDF2(strings.TrimPrefix(kind, "pbkdf2-"), rest)
	}
	return nil, ErrUnsupportedHash
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// decode decodes base64 with or without padding.
func decode(text string) ([]byte, bool) {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	return b, err == nil && len(b) > 0 && len(b) <= maxFieldSize
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// parameters parses numbers like "m=1,t=2" in the order of the names, all of
// which are required.
func parameters(text string, names ...string) ([]uint64, bool) {
	parts := strings.Split(text, ",")
	if len(parts) != len(names) {
		return nil, false
	}
	values := make([]uint64, len(names))
	for i, part := range parts {
		digits, ok := strings.CutPrefix(part, names[i]+"=")
		value, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil {
			return nil, false
		}
		values[i] = value
	}
	return values, true
}

type argonHash struct {
	variant   string
	params    Argon2id
	salt, sum []byte
}

func (p Argon2id) bounded() bool {
	return p.Iterations >= 1 && p.Iterations <= maxArgonIterations && p.Parallelism >= 1 && p.Parallelism <= maxParallelism &&
		p.MemoryKiB >= 8*uint32(p.Parallelism) && p.MemoryKiB <= maxMemoryKiB
}

// parseArgon parses v=19$m=..,t=..,p=..$salt$sum.
func parseArgon(variant, rest string) (hash, error) {
	fields := strings.Split(rest, "$")
	if len(fields) != 4 || fields[0] != "v="+strconv.Itoa(argon2.Version) || variant != "argon2id" && variant != "argon2i" {
		return nil, ErrUnsupportedHash
	}
	values, ok := parameters(fields[1], "m", "t", "p")
	if !ok || values[2] > maxParallelism {
		return nil, ErrUnsupportedHash
	}
	h := argonHash{variant: variant, params: Argon2id{uint32(values[0]), uint32(values[1]), uint8(values[2])}}
	salt, saltOK := decode(fields[2])
	sum, sumOK := decode(fields[3])
	if !saltOK || !sumOK || len(sum) < 4 || !h.params.bounded() {
		return nil, ErrUnsupportedHash
	}
	h.salt, h.sum = salt, sum
	return h, nil
}

func (h argonHash) matches(password []byte) bool {
	size := uint32(len(h.sum))
	if h.variant == "argon2i" {
		return equal(h.sum, argon2.Key(password, h.salt, h.params.Iterations, h.params.MemoryKiB, h.params.Parallelism, size))
	}
	return equal(h.sum, h.params.key(password, h.salt, size))
}

// decoyHash costs as much as a new hash and matches nothing.
type decoyHash struct{ params Argon2id }

func (h decoyHash) matches(password []byte) bool {
	h.params.key(password, make([]byte, saltSize), keySize)
	return false
}

// maxBcryptLength is the number of bytes of a password that bcrypt uses.
const maxBcryptLength = 72

type bcryptHash struct {
	encoded string
	sha256  bool // Django hashes the password first, so that all of its bytes count
}

func isBcrypt(encoded string) bool {
	return strings.HasPrefix(encoded, "$2a$") || strings.HasPrefix(encoded, "$2b$") || strings.HasPrefix(encoded, "$2y$")
}

func parseBcrypt(encoded string, sha bool) (hash, error) {
	cost, err := bcrypt.Cost([]byte(encoded))
	if err != nil || !isBcrypt(encoded) || cost > maxBcryptCost {
		return nil, ErrUnsupportedHash
	}
	return bcryptHash{encoded, sha}, nil
}

func (h bcryptHash) matches(password []byte) bool {
	if h.sha256 {
		sum := sha256.Sum256(password)
		password = []byte(hex.EncodeToString(sum[:]))
	}
	return bcrypt.CompareHashAndPassword([]byte(h.encoded), password[:min(len(password), maxBcryptLength)]) == nil
}

// ignoresPartOf reports whether a hash also matches a longer password, or one
// with another end: PHP, Node and earlier versions of Go silently cut passwords
// for bcrypt. Such a hash is not replaced, or a mistake in the ignored part would
// become part of the password.
func ignoresPartOf(stored hash, password string) bool {
	b, ok := stored.(bcryptHash)
	return ok && !b.sha256 && len(password) >= maxBcryptLength
}

type pbkdf2Hash struct {
	digest     string
	iterations int
	salt, sum  []byte
}

// parseDjangoPBKDF2 parses iterations$salt$sum; the salt is plain text.
func parseDjangoPBKDF2(digest, rest string) (hash, error) {
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return nil, ErrUnsupportedHash
	}
	sum, ok := decode(fields[2])
	if !ok {
		return nil, ErrUnsupportedHash
	}
	return newPBKDF2(digest, fields[0], []byte(fields[1]), sum)
}

// parsePHCPBKDF2 parses i=..$salt$sum.
func parsePHCPBKDF2(digest, rest string) (hash, error) {
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return nil, ErrUnsupportedHash
	}
	salt, saltOK := decode(fields[1])
	sum, sumOK := decode(fields[2])
	if !saltOK || !sumOK {
		return nil, ErrUnsupportedHash
	}
	iterations, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "i="), ",")
	return newPBKDF2(digest, iterations, salt, sum)
}

func newPBKDF2(digest, iterations string, salt, sum []byte) (hash, error) {
	n, err := strconv.Atoi(iterations)
	if err != nil || n < 1 || n > maxPBKDF2 || len(sum) > sha512.Size {
		return nil, ErrUnsupportedHash
	}
	return pbkdf2Hash{digest, n, salt, sum}, nil
}

func (h pbkdf2Hash) matches(password []byte) bool {
	var key []byte
	var err error
	switch h.digest {
	case "sha1":
		key, err = pbkdf2Key(sha1.New, password, h)
	case "sha256":
		key, err = pbkdf2Key(sha256.New, password, h)
	default:
		key, err = pbkdf2Key(sha512.New, password, h)
	}
	return err == nil && equal(h.sum, key)
}

func pbkdf2Key[H stdhash.Hash](digest func() H, password []byte, h pbkdf2Hash) ([]byte, error) {
	return pbkdf2.Key(digest, string(password), h.salt, h.iterations, len(h.sum))
}

type scryptHash struct {
	n, r, p   int
	salt, sum []byte
}

// parseDjangoScrypt parses n$salt$r$p$sum; the salt is plain text.
func parseDjangoScrypt(rest string) (hash, error) {
	fields := strings.Split(rest, "$")
	if len(fields) != 5 {
		return nil, ErrUnsupportedHash
	}
	n, errN := strconv.Atoi(fields[0])
	r, errR := strconv.Atoi(fields[2])
	p, errP := strconv.Atoi(fields[3])
	sum, ok := decode(fields[4])
	if errN != nil || errR != nil || errP != nil || !ok {
		return nil, ErrUnsupportedHash
	}
	return newScrypt(n, r, p, []byte(fields[1]), sum)
}

// parsePHCScrypt parses ln=..,r=..,p=..$salt$sum.
func parsePHCScrypt(rest string) (hash, error) {
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return nil, ErrUnsupportedHash
	}
	values, ok := parameters(fields[0], "ln", "r", "p")
	salt, saltOK := decode(fields[1])
	sum, sumOK := decode(fields[2])
	if !ok || !saltOK || !sumOK || values[0] > 30 || values[1] > 1024 || values[2] > maxParallelism {
		return nil, ErrUnsupportedHash
	}
	return newScrypt(1<<values[0], int(values[1]), int(values[2]), salt, sum)
}

func newScrypt(n, r, p int, salt, sum []byte) (hash, error) {
	const maxBytes = maxMemoryKiB << 10
	if n < 2 || n&(n-1) != 0 || n > maxBytes || r < 1 || r > 1024 || p < 1 || p > maxParallelism || 128*n*r > maxBytes {
		return nil, ErrUnsupportedHash
	}
	return scryptHash{n, r, p, salt, sum}, nil
}

func (h scryptHash) matches(password []byte) bool {
	key, err := scrypt.Key(password, h.salt, h.n, h.r, h.p, len(h.sum))
	return err == nil && equal(h.sum, key)
}
