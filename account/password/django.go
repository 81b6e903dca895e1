package password

import (
	"cmp"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// Django selects a hasher of Django for new passwords.
type Django struct {
	// Hasher is the first of the site's PASSWORD_HASHERS, by its algorithm:
	// "pbkdf2_sha256", "argon2", "bcrypt_sha256" or "scrypt".
	Hasher string
	// Iterations is the number of iterations of pbkdf2_sha256 or the cost of
	// bcrypt_sha256, as the site's hasher has them: Django hashes a password again if
	// they differ. Zero: 1,000,000 and 12, as in Django 5.2. The parameters of argon2 are
	// those of Config.Argon2id; in Django they are 102400 KiB, 2 passes and 8 lanes.
	Iterations int
}

const (
	djangoSaltSize   = 22 // characters, 131 bits
	djangoScryptN    = 1 << 14
	djangoScryptR    = 8
	djangoScryptP    = 5
	djangoIterations = 1_000_000
	djangoCost       = 12
)

func (d *Django) complete() error {
	switch d.Hasher {
	case "pbkdf2_sha256":
		d.Iterations = cmp.Or(d.Iterations, djangoIterations)
		if d.Iterations < 1 || d.Iterations > maxPBKDF2 {
			return fmt.Errorf("Django.Iterations is %d; use at most %d", d.Iterations, maxPBKDF2)
		}
	case "bcrypt_sha256":
		d.Iterations = cmp.Or(d.Iterations, djangoCost)
		if d.Iterations < bcrypt.MinCost || d.Iterations > maxBcryptCost {
			return fmt.Errorf("Django.Iterations is %d; use a cost from %d to %d", d.Iterations, bcrypt.MinCost, maxBcryptCost)
		}
	case "argon2", "scrypt":
		if d.Iterations != 0 {
			return fmt.Errorf("Django.Iterations has no effect for %s; leave it zero", d.Hasher)
		}
	default:
		return fmt.Errorf(`Django.Hasher is %q; use "pbkdf2_sha256", "argon2", "bcrypt_sha256" or "scrypt"`, d.Hasher)
	}
	return nil
}

// djangoText returns the text that Django hashes: the password as typed, without leading
// and trailing blanks, which its forms remove. One of blanks alone is kept.
func djangoText(password string) string {
	return cmp.Or(strings.TrimFunc(password, isBlank), password)
}

// salt returns a random salt of letters and digits.
func (d *Django) salt(random io.Reader) (string, error) {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	var b strings.Builder
	for buffer := make([]byte, djangoSaltSize); b.Len() < djangoSaltSize; {
		if _, err := io.ReadFull(random, buffer); err != nil {
			return "", fmt.Errorf("read random bytes: %w", err)
		}
		for _, one := range buffer {
			if i := int(one) & 63; i < len(alphabet) && b.Len() < djangoSaltSize {
				b.WriteByte(alphabet[i])
			}
		}
	}
	return b.String(), nil
}

// encode hashes a text in Django's format.
func (d *Django) encode(params Argon2id, text, salt string) (string, error) {
	switch d.Hasher {
	case "pbkdf2_sha256":
		key, err := pbkdf2.Key(sha256.New, text, []byte(salt), d.Iterations, sha256.Size)
		return "pbkdf2_sha256$" + strconv.Itoa(d.Iterations) + "$" + salt + "$" + base64.StdEncoding.EncodeToString(key), err
	case "argon2":
		return "argon2" + params.format() + encode([]byte(salt)) + "$" + encode(params.key([]byte(text), []byte(salt), keySize)), nil
	case "scrypt":
		key, err := scrypt.Key([]byte(text), []byte(salt), djangoScryptN, djangoScryptR, djangoScryptP, 64)
		return fmt.Sprintf("scrypt$%d$%s$%d$%d$%s", djangoScryptN, salt, djangoScryptR, djangoScryptP, base64.StdEncoding.EncodeToString(key)), err
	}
	sum := sha256.Sum256([]byte(text)) // bcrypt makes its salt itself
	hashed, err := bcrypt.GenerateFromPassword([]byte(hex.EncodeToString(sum[:])), d.Iterations)
	return "bcrypt_sha256$" + strings.Replace(string(hashed), "$2a$", "$2b$", 1), err
}

// neverMatching computes another hash and matches nothing.
type neverMatching struct{ hash }

func (h neverMatching) matches(password []byte) bool {
	h.hash.matches(password)
	return false
}

// decoy returns a hash that costs as much as a new one and matches nothing, and the
// format of new hashes.
func (d *Django) decoy(params Argon2id) (hash, string, error) {
	var format, rest string
	switch d.Hasher {
	case "pbkdf2_sha256":
		format, rest = fmt.Sprintf("pbkdf2_sha256$%d$", d.Iterations), restOfPHC
	case "argon2":
		format, rest = "argon2"+params.format(), restOfPHC
	case "scrypt":
		format, rest = fmt.Sprintf("scrypt$%d$", djangoScryptN), fmt.Sprintf("%s$%d$%d$%s", salt22, djangoScryptR, djangoScryptP, sum64)
	default:
		format, rest = fmt.Sprintf("bcrypt_sha256$$2b$%02d$", d.Iterations), restOfBcrypt
	}
	stored, err := parse(format + rest)
	if err != nil {
		return nil, "", errors.New("Argon2id is out of the bounds of Django's format")
	}
	return neverMatching{stored}, format, nil
}
