package password

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	// MaxLength is the length of the longest new password, in bytes.
	MaxLength = 1024
	// MaxVerifyLength is the length of the longest password that is compared with
	// a stored hash, in bytes. Other systems may have accepted longer passwords
	// than MaxLength.
	MaxVerifyLength = 4096
)

// Unusable is the prefix of stored values that are not hashes, for users without
// a password.
const Unusable = "!"

var (
	// ErrBusy means that too many hashes are being computed. The caller may try
	// again later.
	ErrBusy = errors.New("password: busy")
	// ErrTooLong means that a new password is longer than MaxLength, or a
	// password to verify longer than MaxVerifyLength.
	ErrTooLong = errors.New("password: too long")
	// ErrUnsupportedHash means that a stored hash is malformed, of an unknown
	// kind, or so costly that verifying it would harm the server.
	ErrUnsupportedHash = errors.New("password: unsupported hash")
)

const (
	saltSize = 16
	keySize  = 32
)

// Argon2id holds the parameters of new hashes. The defaults are those that OWASP
// recommends.
type Argon2id struct {
	// MemoryKiB is the memory of one hash in KiB. Zero: 19456.
	MemoryKiB uint32
	// Iterations is the number of passes. Zero: 2.
	Iterations uint32
	// Parallelism is the number of lanes. Zero: 1.
	Parallelism uint8
}

// Config configures how passwords are hashed. The zero value is complete.
type Config struct {
	// Argon2id are the parameters of new hashes.
	Argon2id Argon2id
	// Django makes new hashes in the format of a Django site, which reads them as long
	// as it runs beside the library or may take over again. Nil: PHC strings of argon2id.
	Django *Django
	// MaxConcurrent is how many hashes are computed at once. Zero: the number of
	// processors, at least 2.
	MaxConcurrent int
	// MaxQueue is how many further callers may wait. Zero: 16 for each of
	// MaxConcurrent, at least 256.
	MaxQueue int
	// MaxWait is how long a caller waits. Zero: 10 seconds.
	MaxWait time.Duration
	// Rand is the source of salts. Nil: crypto/rand.
	Rand io.Reader
}

// Hasher hashes and verifies passwords, and bounds how many hashes are computed
// at once. It is safe for concurrent use.
type Hasher struct {
	params  Argon2id
	django  *Django // nil: PHC strings
	limiter *limiter
	// decoy costs as much as a new hash and matches nothing. format is that of new hashes.
	decoy  hash
	format string
	random io.Reader

	measuring sync.Mutex
	measured  map[string]time.Duration // by format
}

// NewHasher returns a Hasher. The error names the field that is wrong, and the
// fix.
func NewHasher(cfg Config) (*Hasher, error) {
	p := cfg.Argon2id
	p.MemoryKiB = cmp.Or(p.MemoryKiB, 19456)
	p.Iterations = cmp.Or(p.Iterations, 2)
	p.Parallelism = cmp.Or(p.Parallelism, 1)
	if !p.bounded() {
		return nil, fmt.Errorf("Argon2id is out of bounds; use at most %d KiB, %d iterations and %d lanes, and 8 KiB a lane",
			maxMemoryKiB, maxArgonIterations, maxParallelism)
	}
	if cfg.MaxConcurrent < 0 || cfg.MaxQueue < 0 || cfg.MaxWait < 0 {
		return nil, errors.New("MaxConcurrent, MaxQueue and MaxWait must not be negative; leave them zero for the defaults")
	}
	cfg.MaxConcurrent = cmp.Or(cfg.MaxConcurrent, max(2, runtime.GOMAXPROCS(0)))
	cfg.MaxQueue = cmp.Or(cfg.MaxQueue, max(256, 16*cfg.MaxConcurrent))
	cfg.MaxWait = cmp.Or(cfg.MaxWait, 10*time.Second)
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	h := &Hasher{
		params: p, limiter: newLimiter(cfg.MaxConcurrent, cfg.MaxQueue, cfg.MaxWait), random: cfg.Rand, measured: map[string]time.Duration{},
		decoy: decoyHash{p}, format: p.format(),
	}
	if cfg.Django == nil {
		return h, nil
	}
	django := *cfg.Django
	if err := django.complete(); err != nil {
		return nil, err
	}
	var err error
	h.django = &django
	h.decoy, h.format, err = django.decoy(p)
	return h, err
}

// Hash returns the hash of a new password as a PHC string, or as Config.Django says. It returns
// [ErrTooLong], [ErrBusy] or the error of ctx.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxLength {
		return "", ErrTooLong
	}
	return h.Rehash(ctx, password)
}

// Rehash returns the hash that replaces the stored one after a match with Upgrade
// set. It is Hash for passwords of up to MaxVerifyLength bytes.
func (h *Hasher) Rehash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxVerifyLength {
		return "", ErrTooLong
	}
	if h.django != nil {
		return h.rehashForDjango(ctx, password)
	}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	var key []byte
	err := h.limiter.run(ctx, func() { key = h.params.key([]byte(normalize(password)), salt, keySize) })
	if err != nil {
		return "", err
	}
	return h.format + encode(salt) + "$" + encode(key), nil
}

func (h *Hasher) rehashForDjango(ctx context.Context, password string) (encoded string, err error) {
	salt, err := h.django.salt(h.random)
	if err != nil {
		return "", err
	}
	busy := h.limiter.run(ctx, func() { encoded, err = h.django.encode(h.params, djangoText(password), salt) })
	return encoded, cmp.Or(busy, err)
}

// Verify compares a password with a stored hash in constant time. upgrade is true
// if the password matched and Rehash would make a better hash. It returns
// [ErrUnsupportedHash], [ErrTooLong], [ErrBusy] or the error of ctx.
func (h *Hasher) Verify(ctx context.Context, password, encoded string) (ok, upgrade bool, err error) {
	if !Supported(encoded) {
		return false, false, ErrUnsupportedHash
	}
	c, err := h.VerifyAll(ctx, password, encoded)
	if err != nil {
		return false, false, err
	}
	return c.Matches[0].OK, c.Matches[0].Upgrade, nil
}

// MaxHashes is the largest number of hashes that VerifyAll computes.
const MaxHashes = 3

// Match is the result of comparing a password with one stored hash.
type Match struct {
	// OK is true if the password matched.
	OK bool
	// Upgrade is true if the password matched and Rehash would make a better
	// hash.
	Upgrade bool
}

// Comparison is the result of VerifyAll.
type Comparison struct {
	// Matches has an entry for each stored hash.
	Matches []Match
	// Began is when the first hash began, after waiting for others.
	Began time.Time
	// Took is how long all hashes took together.
	Took time.Duration
	// Hashes is the number of computed hashes, at most MaxHashes.
	Hashes int
}

// VerifyAll compares a password with the stored hashes of several accounts in
// constant time. The number of hashes that it computes depends only on the
// password and the number of accounts: it computes a decoy for a hash that is
// empty, unusable or unsupported, and if there is no account. It returns
// [ErrTooLong], [ErrBusy] or the error of ctx.
func (h *Hasher) VerifyAll(ctx context.Context, password string, encoded ...string) (Comparison, error) {
	if len(password) > MaxVerifyLength {
		return Comparison{}, ErrTooLong
	}
	stored := make([]hash, max(1, len(encoded)))
	stored[0] = h.decoy
	for i, text := range encoded {
		var err error
		if stored[i], err = parse(text); err != nil {
			stored[i] = h.decoy
		}
	}
	var c Comparison
	err := h.limiter.run(ctx, func() {
		c = h.compare(password, encoded, stored...)
		c.Took = time.Since(c.Began)
	})
	return c, err
}

// compare computes the hashes of VerifyAll. It continues after a match, so that
// the time does not tell which spelling or account matched.
func (h *Hasher) compare(password string, encoded []string, stored ...hash) Comparison {
	c := Comparison{Matches: make([]Match, len(encoded)), Began: time.Now()}
	for _, s := range spellings(password) {
		for i, hash := range stored {
			if c.Hashes == MaxHashes {
				return c
			}
			c.Hashes++
			if hash.matches([]byte(s.text)) && (!s.trimmed || isDjango(encoded[i])) && !c.Matches[i].OK {
				c.Matches[i] = Match{OK: true, Upgrade: h.improves(encoded[i], hash, s)}
			}
		}
	}
	return c
}

// improves reports whether Rehash would make a better hash than the stored one,
// which matches a password in that spelling.
func (h *Hasher) improves(encoded string, stored hash, s spelling) bool {
	if s.trimmed || ignoresPartOf(stored, s.text) {
		return false // the hash matches other passwords, too
	}
	return h.django == nil && !s.normal || !h.current(encoded, stored)
}

// current reports whether a stored hash has the format and parameters of new
// hashes.
func (h *Hasher) current(encoded string, stored hash) bool {
	if h.django != nil {
		return strings.HasPrefix(encoded, h.format)
	}
	a, ok := stored.(argonHash)
	return ok && !isDjango(encoded) && a.variant == "argon2id" && a.params == h.params &&
		len(a.salt) == saltSize && len(a.sum) == keySize
}

// isDjango reports whether a hash is in Django's format. Django removes leading
// and trailing blanks of a password before it hashes it.
func isDjango(encoded string) bool { return !strings.HasPrefix(encoded, "$") }

// Usable reports whether a stored value is a hash.
func Usable(encoded string) bool { return encoded != "" && !strings.HasPrefix(encoded, Unusable) }

// Supported reports whether Verify supports a hash.
func Supported(encoded string) bool {
	_, err := parse(encoded)
	return err == nil
}

// format returns the prefix of hashes with these parameters.
func (p Argon2id) format() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, p.MemoryKiB, p.Iterations, p.Parallelism)
}

func (p Argon2id) key(password, salt []byte, size uint32) []byte {
	return argon2.IDKey(password, salt, p.Iterations, p.MemoryKiB, p.Parallelism, size)
}
