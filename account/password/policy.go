package password

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/problem"
)

// ErrBreached is the error of Policy.Breached for a breached password. It may be
// wrapped.
var ErrBreached = errors.New("password: breached")

const (
	// defaultMinLength is the default of MinLength, in characters.
	defaultMinLength = 8
	// breachTimeout is how long a check for breaches may take.
	breachTimeout = time.Second
	// breachGrace is how long a check may take to return after its context has
	// ended.
	breachGrace = time.Second / 4
)

// Policy is the policy for new passwords. It is safe for concurrent use.
//
// The zero value follows section 3.1.1.2 of NIST SP 800-63B-4 (2025), with two
// exceptions: NIST requires 15 characters if the password is the only factor (see
// SingleFactorMinLength), and accepts passwords of digits only (see
// AllowNumeric).
type Policy struct {
	// MinLength is in characters of the normalized password. Zero: 8.
	MinLength int
	// SingleFactorMinLength is the MinLength for accounts without a second
	// factor: at sign-up, at a reset, and at a change if the user has no
	// authenticator. NIST SP 800-63B-4 requires 15. Zero: MinLength.
	SingleFactorMinLength int
	// Blocklist holds words that users of this site are likely to choose, such as
	// names of products. A password that consists of them, digits and signs is
	// refused as too common, in any case. allauth.New adds the name and the host
	// of the site.
	Blocklist []string
	// AllowCommon accepts common passwords and those of the Blocklist.
	AllowCommon bool
	// AllowNumeric accepts passwords of digits only.
	AllowNumeric bool
	// AllowSimilar accepts passwords that resemble the user's name or address.
	AllowSimilar bool
	// Breached looks a password up in a list of breached ones, while the input is
	// checked. It returns [ErrBreached] if the password is in the list. The
	// client receives an [*authn.Error] or [authn.Errors], with the password's
	// field as param. After any other error, or one second, the password is
	// accepted. Nil: no check.
	Breached func(ctx context.Context, password string) error
}

// Validate returns all problems of a password, with the param "password". The password
// must not resemble an attribute, such as the user's name or address.
func (p Policy) Validate(ctx context.Context, password string, attributes ...string) authn.Errors {
	if len(password) > MaxLength {
		return problem.List("password", code.MaxLength, MaxLength)
	}
	password = normalize(password)
	var problems authn.Errors
	if !p.AllowSimilar && similarToAny(password, attributes) {
		problems = append(problems, problem.Of("password", code.PasswordTooSimilar))
	}
	minimum := cmp.Or(p.MinLength, defaultMinLength)
	if utf8.RuneCountInString(password) < minimum {
		problems = append(problems, problem.Of("password", code.PasswordTooShort, minimum))
	}
	if !p.AllowCommon && (isCommon(password) || p.isExpected(password)) {
		problems = append(problems, problem.Of("password", code.PasswordTooCommon))
	}
	for _, found := range p.breached(ctx, password) {
		if !slices.ContainsFunc(problems, func(e *authn.Error) bool { return e.Code == found.Code }) {
			problems = append(problems, found)
		}
	}
	if !p.AllowNumeric && isNumeric(password) {
		problems = append(problems, problem.Of("password", code.PasswordEntirelyNumeric))
	}
	return problems
}

// ForSingleFactor returns the policy for an account without a second factor.
func (p Policy) ForSingleFactor() Policy {
	p.MinLength = max(cmp.Or(p.MinLength, defaultMinLength), p.SingleFactorMinLength)
	return p
}

// isExpected reports whether a password consists of words of the Blocklist.
func (p Policy) isExpected(password string) bool {
	var words []string
	for _, entry := range p.Blocklist {
		words = append(words, wordsOf(entry)...)
	}
	return madeOf(fold(password), words)
}

// breachCheck calls Breached, for all policies.
var breachCheck = (&hook.Host{Timeout: breachTimeout + breachGrace}).Hook("Policy.Breached")

// breached returns the problems that the host's check found. If the check fails,
// there are none.
func (p Policy) breached(ctx context.Context, password string) authn.Errors {
	if p.Breached == nil {
		return nil
	}
	err := breachCheck.Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, breachTimeout)
		defer cancel()
		return p.Breached(ctx, password)
	}, password)
	var one *authn.Error
	var many authn.Errors
	switch {
	case errors.Is(err, ErrBreached):
		return problem.List("password", code.PasswordTooCommon)
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = authn.Errors{one}
	}
	return many
}

func isNumeric(password string) bool {
	return password != "" && strings.IndexFunc(password, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}

//go:embed common.txt.gz
var commonList []byte

// common returns the sorted list of common passwords, unpacked once.
var common = sync.OnceValue(func() []string {
	unpacked, err := gzip.NewReader(bytes.NewReader(commonList))
	if err != nil {
		panic(err) // the list is embedded in the program
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		panic(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
})

// isCommon reports whether a list of common passwords contains the password, in
// any case and width of its characters: as a whole, as the word that it repeats,
// or without trailing digits that count up or repeat.
func isCommon(password string) bool {
	folded := strings.ToLower(norm.NFKC.String(strings.TrimSpace(password)))
	if isListed(folded) || isListed(repeated(folded)) {
		return true
	}
	stem := strings.TrimRight(folded, "0123456789")
	return stem != folded && len(stem) >= 6 && isListed(stem) && isRun(folded[len(stem):])
}

// repeated returns the shortest word of which a text is a repetition, which may
// be the text itself.
func repeated(text string) string {
	// A text that repeats a word occurs again in two copies of itself, at the end
	// of the first word.
	size := strings.Index((text + text)[min(1, len(text)):], text) + 1
	if size < minWord {
		return text
	}
	return text[:size]
}

func isListed(word string) bool {
	_, found := slices.BinarySearch(common(), word)
	return found
}

// isRun reports whether digits count up or repeat, as in 1234 or 111.
func isRun(digits string) bool {
	for i := 1; i < len(digits); i++ {
		step := (digits[i] - digits[i-1] + 10) % 10
		if step > 1 || step != (digits[1]-digits[0]+10)%10 {
			return false
		}
	}
	return true
}
