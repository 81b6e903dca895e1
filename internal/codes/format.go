package codes

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"strings"
	"unicode"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/typedcode"
)

const (
	codeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	codeDigits  = "0123456789"
)

func withDefaults(f account.CodeFormat) account.CodeFormat {
	if f.Numeric {
		f.Alphabet, f.Length = codeDigits, cmp.Or(f.Length, 9)
	}
	f.Alphabet, f.Length = cmp.Or(f.Alphabet, codeLetters), cmp.Or(f.Length, 8)
	return f
}

// ValidateFormat refuses formats whose codes could be guessed, or could not be
// compared without regard to case and punctuation.
func ValidateFormat(f account.CodeFormat) error {
	f = withDefaults(f)
	seen := map[rune]bool{}
	for _, r := range f.Alphabet {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return errors.New("Alphabet may hold ASCII letters and digits only")
		}
		if seen[unicode.ToLower(r)] {
			return errors.New("Alphabet may hold each character once, whatever its case")
		}
		seen[unicode.ToLower(r)] = true
	}
	if len(f.Alphabet) < 10 {
		return errors.New("Alphabet must hold at least 10 characters")
	}
	if f.Length < 6 || f.Length > 64 {
		return errors.New("Length must be between 6 and 64")
	}
	return nil
}

// newCode returns a random code.
func newCode(f account.CodeFormat, random io.Reader) (string, error) {
	f = withDefaults(f)
	size := big.NewInt(int64(len(f.Alphabet)))
	code := make([]byte, f.Length)
	for i := range code {
		n, err := rand.Int(random, size)
		if err != nil {
			return "", err
		}
		code[i] = f.Alphabet[n.Int64()]
	}
	if f.Ungrouped {
		return string(code), nil
	}
	return group(string(code)), nil
}

// group inserts hyphens: a code of up to eight characters has two groups, a longer one three.
func group(code string) string {
	groups := 3
	if len(code) <= 8 {
		groups = 2
	}
	size := (len(code) + groups - 1) / groups
	var parts []string
	for len(code) > size {
		parts = append(parts, code[:size])
		code = code[size:]
	}
	return strings.Join(append(parts, code), "-")
}

// Fits reports whether a code has the format, in any spelling. A code that has not is
// wrong.
func Fits(f account.CodeFormat, code string) bool {
	f = withDefaults(f)
	alphabet := strings.ToLower(f.Alphabet)
	code = typedcode.Normalize(code)
	return len(code) == f.Length && strings.Trim(code, alphabet) == ""
}
