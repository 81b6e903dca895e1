package password

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/authn"
)

// passphrase returns n random words. The list of common passwords has enough.
func passphrase(random *rand.Rand, words []string, n int, separator string) string {
	chosen := make([]string, n)
	for i := range chosen {
		chosen[i] = words[random.IntN(len(words))]
	}
	return strings.Join(chosen, separator)
}

// Random words are not similar to an address, however long both are.
func TestRandomPassphrasesAreNotTooSimilar(t *testing.T) {
	t.Parallel()
	var words []string
	for _, word := range common() {
		if len(word) >= 3 && len(word) <= 9 && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" {
			words = append(words, word)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		n := 4 + random.IntN(6)
		separator := []string{"", " ", "-", ".", "_"}[random.IntN(5)]
		local := passphrase(random, words, 1+random.IntN(n+4), []string{".", "-", "", "_"}[random.IntN(4)])
		email := local + "@" + passphrase(random, words, 1+random.IntN(6), "-") + ".example.org"
		for _, p := range []string{passphrase(random, words, n, separator), strings.ToUpper(passphrase(random, words, n, separator)) + "7!"} {
			if problems := (Policy{}).Validate(p, email, local, "Ann Lee of "+local); len(problems) > 0 {
				t.Errorf("%q with %q: %v", p, email, problems)
			}
		}
	}
}

func TestWhatIsSimilar(t *testing.T) {
	t.Parallel()
	attributes := []string{"some.wizard@accounts.example.org", "Somé Wizárd", "merlin_77", ""}
	for password, want := range map[string]bool{
		"wizard-wizard": true, "wizardwizard1": true, "WIZARD2025!": true, "2025wizard": true, "w1zard77": true, "wizzard7": true,
		"draziw77": true, "somewizard": true, "wizardsome": true, "some_wizard_2025": true, "some.wizard@accounts.example.org": true,
		"somewizard@example": true, "accounts-example-2025": true, "exampleaccounts": true, "Merlin_77!": true, "77_nilrem": true,
		"SOMÉ WIZÁRD": true, "wizárd1234": true, "gro.elpmaxe.stnuocca@draziw.emos": true,
		"a-wizard-is-never-late": false, "something-else-entirely": false, "correct-horse-9-battery": false, "org12345678": false,
		"example of a good passphrase": false, "some people like wizards": false, "merino-wool-77": false, "zxqvkj77": false,
		"\u5de8\u5927\u306a\u9b54\u6cd5\u4f7f\u3044\u306e\u5e3d\u5b50": false,
	} {
		got := has(Policy{}.Validate(password, attributes...), "password_too_similar")
		if got != want {
			t.Errorf("%q: %v", password, got)
		}
	}
}

// The blocklist is compared with the whole password, and with passwords that
// consist of one of its words, digits and signs.
func TestTheBlocklistIsComparedWithTheWholePassword(t *testing.T) {
	t.Parallel()
	policy := Policy{Blocklist: []string{"Café Central", "example.com", "www"}}
	for password, want := range map[string]bool{
		"password": true, "PASSWORD": true, "passwordpassword": true, "PasswordPasswordPassword": true, "qwertyqwertyqwerty": true,
		"\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44": true, "password1234": true, "  password  ": true, "iloveyouiloveyou": true,
		"example2025": true, "Example.com!": true, "CAFÉ-CENTRAL-1": true, "centralcafé": true, "cafe\u0301-central": true, "2025-central": true,
		"my password for horses": false, "password for a battery": false, "the example of a horse": false, "www-2025-xy": false,
		"a café in the centre": false, "abcabdabcabdx": false, "correct-horse-9-battery": false,
	} {
		problems := policy.Validate(password)
		if got := has(problems, "password_too_common"); got != want {
			t.Errorf("%q: %v", password, problems)
		}
		policy := policy
		policy.AllowCommon = true
		if has(policy.Validate(password), "password_too_common") {
			t.Errorf("%q is too common where that is allowed", password)
		}
	}
}

func TestLengthIsCountedInCharactersOfTheNormalizedPassword(t *testing.T) {
	t.Parallel()
	tooShort := func(p Policy, password string) bool {
		return has(p.Validate(password), "password_too_short")
	}
	for _, c := range []struct {
		policy   Policy
		password string
		want     bool
	}{
		{Policy{}, "xevqn77", true}, {Policy{}, "xevqn77z", false}, {Policy{}, "xevqe\u03017z", true}, {Policy{}, "x\u00e9vqn77z", false},
		{Policy{SingleFactorMinLength: 15}, "xevqn77z", false}, {Policy{SingleFactorMinLength: 15}.ForSingleFactor(), "xevqn77zxevqn7", true},
		{Policy{SingleFactorMinLength: 15}.ForSingleFactor(), "xevqn77zxevqn7j", false}, {Policy{}.ForSingleFactor(), "xevqn77z", false},
		{Policy{MinLength: 20, SingleFactorMinLength: 15}.ForSingleFactor(), "xevqn77zxevqn7jxevq", true},
	} {
		if got := tooShort(c.policy, c.password); got != c.want {
			t.Errorf("%q: too short is %v", c.password, got)
		}
	}
}

func FuzzSimilar(f *testing.F) {
	f.Add("wizard-wizard", "some.wizard@example.org")
	f.Add("\xff\u0301", "\u0301_")
	f.Fuzz(func(t *testing.T, password, attribute string) {
		similarToAny(password, []string{attribute})
		isCommon(password)
		// An address is similar to itself.
		if words := wordsOf(attribute); len(words) > 0 && len(words[0]) >= minWord && !similarToAny(attribute, []string{attribute}) {
			t.Errorf("%q is not similar to itself", attribute)
		}
	})
}

// has reports whether a code is among the problems.
func has(problems authn.Errors, code string) bool {
	return slices.ContainsFunc(problems, func(e *authn.Error) bool { return e.Code == code })
}
