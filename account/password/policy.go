package password

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/allauth-go/allauth/authn/code"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/hook"
)

// ErrBreached is what Policy.Breached returns for a password that is known to
// be public. It may be wrapped.
var ErrBreached = errors.New("password: breached")

const (
	// defaultMinLength is MinLength where none is set, in characters.
	defaultMinLength = 8
	// breachTimeout is how long a check for breaches may take.
	breachTimeout = time.Second
	// breachGrace is how long a check has to notice that its time is up.
	breachGrace = time.Second / 4
)

// Problem is one reason why a password is not good enough.
type Problem struct {
	// Code is [code.PasswordTooShort], [code.PasswordTooCommon],
	// [code.PasswordEntirelyNumeric], [code.PasswordTooSimilar] or
	// [code.MaxLength].
	Code string
	// Message is for people.
	Message string
}

var tooCommon = Problem{code.PasswordTooCommon, "The password is too common. Choose another one."}

// Policy says which passwords are good enough. It is safe for concurrent use.
//
// The zero value follows section 3.1.1.2 of NIST SP 800-63B-4 (2025), with two
// exceptions: NIST asks for 15 characters where the password is the only factor,
// for which SingleFactorMinLength is there, and would accept a password of digits
// only, for which AllowNumeric is there.
type Policy struct {
	// MinLength is in characters of the normalized password. Zero: 8.
	MinLength int
	// SingleFactorMinLength is the MinLength for accounts without a second
	// factor: at sign-up and at a reset, and at a change as long as the user has
	// no authenticator. NIST SP 800-63B-4 requires 15. Zero: MinLength.
	SingleFactorMinLength int
	// Blocklist holds words that users of this site are expected to choose, such
	// as names of products. A password that consists of them, digits and signs is
	// too common, whatever its case. allauth.New adds the name and the host of the
	// site.
	Blocklist []string
	// AllowCommon accepts the most common passwords and those of the Blocklist.
	AllowCommon bool
	// AllowNumeric accepts passwords made of digits only.
	AllowNumeric bool
	// AllowSimilar accepts passwords that are made of the user's name or address.
	AllowSimilar bool
	// Breached looks a password up in a list of public ones, while the input is
	// checked, and returns
	// ErrBreached if it is there. An *authn.Error or authn.Errors is shown to
	// the client, under the name of the password's field. Any other error, or
	// none within a second, lets the password pass. Nil: no such check.
	Breached func(ctx context.Context, password string) error
}

// Validate returns every problem of a password. The attributes are what it must
// not resemble.
func (p Policy) Validate(ctx context.Context, password string, attributes ...string) []Problem {
	if len(password) > MaxLength {
		return []Problem{{code.MaxLength, fmt.Sprintf("Choose a password of at most %d bytes.", MaxLength)}}
	}
	password = normalize(password)
	var problems []Problem
	if !p.AllowSimilar && similarToAny(password, attributes) {
		problems = append(problems, Problem{code.PasswordTooSimilar, "The password is too similar to your name or email address. Choose another one."})
	}
	minimum := cmp.Or(p.MinLength, defaultMinLength)
	if utf8.RuneCountInString(password) < minimum {
		problems = append(problems, Problem{code.PasswordTooShort, fmt.Sprintf("Choose a password of at least %d characters.", minimum)})
	}
	if !p.AllowCommon && (isCommon(password) || p.isExpected(password)) {
		problems = append(problems, tooCommon)
	}
	for _, found := range p.breached(ctx, password) {
		if !slices.Contains(problems, found) {
			problems = append(problems, found)
		}
	}
	if !p.AllowNumeric && isNumeric(password) {
		problems = append(problems, Problem{code.PasswordEntirelyNumeric, "The password cannot be entirely numeric."})
	}
	return problems
}

// ForSingleFactor returns the policy for an account without a second factor.
func (p Policy) ForSingleFactor() Policy {
	p.MinLength = max(cmp.Or(p.MinLength, defaultMinLength), p.SingleFactorMinLength)
	return p
}

// isExpected reports whether a password is on the site's own list.
func (p Policy) isExpected(password string) bool {
	var words []string
	for _, entry := range p.Blocklist {
		words = append(words, wordsOf(entry)...)
	}
	return madeOf(fold(password), words)
}

// breachCheck is where Breached is called, for all policies.
var breachCheck = (&hook.Host{Timeout: breachTimeout + breachGrace}).Hook("Policy.Breached")

// breached returns what the host's check found. A check that fails lets the
// password pass.
func (p Policy) breached(ctx context.Context, password string) (problems []Problem) {
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
		return []Problem{tooCommon}
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = authn.Errors{one}
	}
	for _, e := range many {
		problems = append(problems, Problem{e.Code, e.Message})
	}
	return problems
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
		panic(err) // the list is part of the program
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		panic(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
})

// isCommon looks a password up as a whole, whatever its case and the width of its
// characters: as it is, as what it repeats, and without digits that count behind
// it.
func isCommon(password string) bool {
	folded := strings.ToLower(norm.NFKC.String(strings.TrimSpace(password)))
	if isListed(folded) || isListed(repeated(folded)) {
		return true
	}
	stem := strings.TrimRight(folded, "0123456789")
	return stem != folded && len(stem) >= 6 && isListed(stem) && isRun(folded[len(stem):])
}

// repeated returns the word of which a text is the repetition, or the text.
func repeated(text string) string {
	// A text that consists of repetitions of a word is found again within two of
	// itself, at the end of that word.
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
