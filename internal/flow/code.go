package flow

import (
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// CodeFormat is what one-time codes look like. The zero value is eight letters
// in two groups, XXXX-XXXX, of an alphabet that spells no words: 34 bits.
type CodeFormat struct {
	// Alphabet is what codes are drawn from. Empty: consonants in capitals.
	Alphabet string
	// Length is the number of characters, hyphens not counted. Zero: 8, or 9
	// where Numeric is set.
	Length int
	// Numeric draws digits instead of the Alphabet.
	Numeric bool
	// Ungrouped leaves the hyphens out.
	Ungrouped bool
}

const (
	codeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	codeDigits  = "0123456789"
)

func (f CodeFormat) withDefaults() CodeFormat {
	if f.Numeric {
		f.Alphabet = codeDigits
	}
	if f.Alphabet == "" {
		f.Alphabet = codeLetters
	}
	if f.Length == 0 {
		f.Length = 8
		if f.Numeric {
			f.Length = 9
		}
	}
	return f
}

// Validate refuses formats whose codes could be guessed, or could not be
// compared without regard to case and punctuation.
func (f CodeFormat) Validate() error {
	f = f.withDefaults()
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

// New draws a code.
func (f CodeFormat) New(random io.Reader) (string, error) {
	f = f.withDefaults()
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

// group puts hyphens in: two groups up to eight characters, else three.
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

// Fits reports whether a code looks like one of the format, whatever its
// spelling. One that does not cannot be right.
func (f CodeFormat) Fits(code string) bool {
	f = f.withDefaults()
	alphabet := strings.ToLower(f.Alphabet)
	code = NormalizeCode(code)
	return len(code) == f.Length && strings.Trim(code, alphabet) == ""
}

// NormalizeCode returns the one form in which codes are compared: letters in
// lower case and digits, both of ASCII where they have a form there. Spaces,
// hyphens and other punctuation of any script are dropped, because people add
// them and leave them out, and digits of any script are read as digits.
func NormalizeCode(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return digit(r)
		case unicode.IsLetter(r) && r != prolongedSound:
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(code))
}

// prolongedSound is a letter that Japanese keyboards have in place of the hyphen.
const prolongedSound = '\u30fc'

// digit returns the ASCII digit of a decimal digit. Unicode keeps the digits of a
// script together, in ascending order.
func digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	return r
}
