package password

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
)

// defaultMinLength is the default of MinLength, in characters.
const defaultMinLength = 8

// BreachList is a list of breached passwords, see package breach. Implementations
// must be safe for concurrent use, and must not log passwords.
type BreachList interface {
	// Contains reports whether the list has the password.
	Contains(ctx context.Context, password string) (bool, error)
	// Validate returns an error if the list cannot be used, for example because
	// its file is missing. allauth.New calls it once and returns its error.
	Validate() error
}

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
	// BreachList is a list in which new passwords are looked up, while the input is
	// checked. The client receives [code.PasswordBreached] for those that it
	// contains. If it does not answer within two seconds, the password is accepted,
	// [LookupFailed] is published, and the password is looked up again at the next
	// login. Nil: none.
	BreachList BreachList
	// LookUpAtLogin looks passwords up at every login, too. [BreachFound] is
	// published for those that have been breached since they were set.
	LookUpAtLogin bool
	// ResetBreached refuses a login with a breached password with
	// [code.PasswordBreached], and mails the user a link or code to choose another
	// one, as after a request for a password reset. A user without an address to
	// which it could be sent logs in all the same. False: the login continues.
	ResetBreached bool
	// Check is a rule of the host for new passwords. It is called while the input
	// is checked, for passwords without other problems. u is the user; at a sign-up
	// it has no ID, and what the user entered so far. The client receives an
	// [*authn.Error] or [authn.Errors], with the password's field as param; any
	// other error is answered with status 503. Nil: no rule.
	Check func(ctx context.Context, password string, u *authn.User) error
}

// Validate returns all problems of a password, with the param "password", but
// calls neither BreachList nor Check. The password must not resemble an attribute,
// such as the user's name or address.
func (p Policy) Validate(password string, attributes ...string) authn.Errors {
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

// IsBreached reports whether BreachList contains the password. It returns the
// errors of BreachList.
func (p Policy) IsBreached(ctx context.Context, password string) (bool, error) {
	return p.BreachList.Contains(ctx, normalize(password))
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
