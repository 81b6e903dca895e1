package password

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// MaxLength is the longest password that is hashed, in bytes.
const MaxLength = 1024

// Unusable stands in the place of a hash where there is no password. Whatever
// begins with it is no hash.
const Unusable = "!"

var (
	// ErrBusy means that more hashes are wanted than the server will compute:
	// try again later.
	ErrBusy = errors.New("password: busy")
	// ErrTooLong means that the password is longer than MaxLength.
	ErrTooLong = errors.New("password: too long")
	// ErrUnsupportedHash means that a stored hash is malformed, of an unknown
	// kind, or so costly that verifying it would harm the server.
	ErrUnsupportedHash = errors.New("password: unsupported hash")
)

const (
	saltSize = 16
	keySize  = 32
)

// Argon2id are the parameters of new hashes. Zero fields have the defaults that
// OWASP recommends.
type Argon2id struct {
	// MemoryKiB is the memory of one hash in KiB. Zero: 19456.
	MemoryKiB uint32
	// Iterations is the number of passes. Zero: 2.
	Iterations uint32
	// Parallelism is the number of lanes. Zero: 1.
	Parallelism uint8
}

// Config says how passwords are hashed. The zero value is complete.
type Config struct {
	// Argon2id are the parameters of new hashes.
	Argon2id Argon2id
	// MaxConcurrent is how many hashes are computed at once. Zero: as many as
	// there are processors, at least 2.
	MaxConcurrent int
	// MaxQueue is how many callers may wait beyond that. Zero: 16 for each of
	// MaxConcurrent, at least 256.
	MaxQueue int
	// MaxWait is how long they wait. Zero: 10 seconds.
	MaxWait time.Duration
	// Rand is where salts come from. Nil: crypto/rand.
	Rand io.Reader
}

// Hasher hashes and verifies passwords. It is safe for concurrent use, and
// bounds how many hashes are computed at once.
type Hasher struct {
	params  Argon2id
	limiter *limiter
	random  io.Reader
}

// NewHasher returns a Hasher. The error names the field that is wrong.
func NewHasher(cfg Config) (*Hasher, error) {
	p := cfg.Argon2id
	if p.MemoryKiB == 0 {
		p.MemoryKiB = 19456
	}
	if p.Iterations == 0 {
		p.Iterations = 2
	}
	if p.Parallelism == 0 {
		p.Parallelism = 1
	}
	if !p.bounded() {
		return nil, fmt.Errorf("Argon2id is out of bounds; use at most %d KiB, %d iterations and %d lanes, and 8 KiB a lane",
			maxMemoryKiB, maxArgonIterations, maxParallelism)
	}
	if cfg.MaxConcurrent < 0 || cfg.MaxQueue < 0 || cfg.MaxWait < 0 {
		return nil, errors.New("MaxConcurrent, MaxQueue and MaxWait must not be negative; leave them zero for the defaults")
	}
	if cfg.MaxConcurrent == 0 {
		cfg.MaxConcurrent = max(2, runtime.GOMAXPROCS(0))
	}
	if cfg.MaxQueue == 0 {
		cfg.MaxQueue = max(256, 16*cfg.MaxConcurrent)
	}
	if cfg.MaxWait == 0 {
		cfg.MaxWait = 10 * time.Second
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	return &Hasher{p, newLimiter(cfg.MaxConcurrent, cfg.MaxQueue, cfg.MaxWait), cfg.Rand}, nil
}

// Hash returns the password's hash as a PHC string. ErrTooLong, ErrBusy, or the
// context's error.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxLength {
		return "", ErrTooLong
	}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	var key []byte
	err := h.limiter.run(ctx, func() { key = h.params.key([]byte(password), salt, keySize) })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.params.MemoryKiB, h.params.Iterations,
		h.params.Parallelism, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// Verify compares a password with a stored hash in constant time. upgrade is
// true if it matched, but the hash is not what Hash would make today.
// ErrUnsupportedHash, ErrTooLong, ErrBusy, or the context's error.
func (h *Hasher) Verify(ctx context.Context, password, encoded string) (ok, upgrade bool, err error) {
	if len(password) > MaxLength {
		return false, false, ErrTooLong
	}
	stored, err := parse(encoded)
	if err != nil {
		return false, false, err
	}
	if err := h.limiter.run(ctx, func() { ok = stored.matches([]byte(password)) }); err != nil {
		return false, false, err
	}
	return ok, ok && !h.current(encoded, stored), nil
}

// current reports whether a stored hash is what Hash would make today.
func (h *Hasher) current(encoded string, stored hash) bool {
	a, ok := stored.(argonHash)
	return ok && strings.HasPrefix(encoded, "$") && a.variant == "argon2id" && a.params == h.params &&
		len(a.salt) == saltSize && len(a.sum) == keySize
}

// Burn does the work of one Verify, for a user who does not exist or has no
// password: the time must not tell.
func (h *Hasher) Burn(ctx context.Context, password string) error {
	if len(password) > MaxLength {
		return ErrTooLong
	}
	return h.limiter.run(ctx, func() { h.params.key([]byte(password), make([]byte, saltSize), keySize) })
}

// Usable reports whether a stored value is a hash at all.
func Usable(encoded string) bool { return encoded != "" && !strings.HasPrefix(encoded, Unusable) }

// Supported reports whether Verify can read a hash.
func Supported(encoded string) bool {
	_, err := parse(encoded)
	return err == nil
}

func (p Argon2id) key(password, salt []byte, size uint32) []byte {
	return argon2.IDKey(password, salt, p.Iterations, p.MemoryKiB, p.Parallelism, size)
}
