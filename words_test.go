package allauth_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// word is a word or phrase that the project does not use: each idea has one word,
// and the subject of a sentence is the user, the client, the host, the server or
// another request.
type word struct {
	pattern string   // of lower-case text in which words are separated by single spaces
	stem    string   // what every match contains: other lines are not searched, which saves a minute
	instead string   // what to write
	except  []string // phrases in which the word is right
}

var words = []word{
	{pattern: `(some|any|every|no)body`, stem: "body", instead: "the user, the client, the host, the server, another user, another request; for a decoy, decoy"},
	{pattern: `whoever`, stem: "whoever", instead: "the user, the client, the host, the server, another user, another request"},
	{pattern: `strangers?`, stem: "stranger", instead: "an attacker, another user, anyone"},

	{pattern: `(re|un)?prov(e|es|ed|en|ing)`, stem: "prov", instead: "verify an address, authenticate a user, show that something holds"},
	{pattern: `vouch(es|ed|ing)?`, stem: "vouch", instead: "verify, say"},
	{pattern: `(confirm|settle)(s|ed)? (an?|the|its|their|your) (email )?address`, stem: " address", instead: "verify an address"},
	{pattern: `believ(e|es|ed|ing)`, stem: "believ", instead: "trust, accept"},
	{pattern: `pretend(s|ed|ing)?`, stem: "pretend", instead: "decoy"},
	{pattern: `forg[ai]ve(s|n)?|forgiving`, stem: "forg", instead: "clear, reset"},
	{pattern: `dead`, stem: "dead", instead: "ended, invalid", except: []string{"dead end", "dead ends"}},
	{pattern: `(sessions?|users?) (is|are|that is|that are) gone`, stem: " gone", instead: "ended, deleted"},
	{pattern: `leads? (to )?nowhere`, stem: " nowhere", instead: "is invalid, has ended, has expired"},
	{pattern: `out of date`, stem: "out of date", instead: "expired, stale, old"},
	{pattern: `good (for|until)`, stem: "good ", instead: "valid for, valid until"},

	{pattern: `e-mails?|e-mailed|e-mailing`, stem: "e-mail", instead: "email, mail, send by email"},
	{pattern: `can not`, stem: "can not", instead: "cannot", except: []string{"can not only"}},
	{pattern: `telephones?`, stem: "telephone", instead: "phone"},
	{pattern: `log-(in|out)s?`, stem: "log-", instead: "log in, log out (verbs), login, logout (nouns)"},
	{pattern: `(can|cannot|could|may|must|will|to|not) (login|logout) (with|by|again)`, stem: " log", instead: "log in, log out (verbs)"},
	{pattern: `sign-?ins?|sign(s|ed|ing)? in`, stem: "sign", instead: "log in (verb), login (noun)", except: []string{"sign in with apple", "sign in with google", "sign in with slack", "'signed in'", "`signed in`" /* a state of the client of ui */}},
	{pattern: `set-ups?`, stem: "set-up", instead: "set up (verb), setup (noun)"},
}

// wordsExempt are files that are not read: this list, strings that are frozen, and
// texts in other languages.
var wordsExempt = []string{
	"words_test.go",
	"internal/integration/frozen/frozen.txt",
	"internal/integration/headless/languages_test.go",
}

// isForeign reports whether a file has texts in another language than English.
func isForeign(path string) bool {
	if within(path, "ui/elements/texts") {
		return path != "ui/elements/texts/en.js"
	}
	return within(path, "internal/locale/texts") && strings.Count(path, "/") == 4 && !within(path, "internal/locale/texts/en")
}

// wordsRead are the kinds of files that are read.
var wordsRead = []string{".go", ".md", ".txt", ".html", ".js", ".css", ".json", ".yml", ".yaml"}

// expressions are the patterns of the words, in their order.
var expressions = compiled()

func compiled() []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, w := range words {
		all = append(all, regexp.MustCompile(`\b(`+w.pattern+`)\b`))
	}
	return all
}

// separated returns a line in lower case, with the words of identifiers
// separated by single spaces.
func separated(line string) string {
	var words []byte
	last := byte('\n')
	for _, c := range []byte(line) {
		isSpace := strings.IndexByte(" \t\n\f\r_", c) >= 0
		wasLower := 'a' <= last && last <= 'z' || '0' <= last && last <= '9'
		if isSpace && last != ' ' || 'A' <= c && c <= 'Z' && wasLower {
			words = append(words, ' ')
		}
		if isSpace {
			last = ' '
			continue
		}
		words, last = append(words, c), c
	}
	return strings.ToLower(string(words))
}

// misused returns the words of a line, with what to write instead. Identifiers
// are read word by word.
func misused(line string) map[string]string {
	line = separated(line)
	found := map[string]string{}
	for i, w := range words {
		if !strings.Contains(line, w.stem) {
			continue
		}
		rest := line
		for _, phrase := range w.except {
			rest = strings.ReplaceAll(rest, phrase, "")
		}
		if text := expressions[i].FindString(rest); text != "" {
			found[text] = w.instead
		}
	}
	return found
}

// wordsIn calls report for each misused word of the repository.
func wordsIn(t *testing.T, report func(path string, line int, found, instead string)) {
	t.Helper()
	read := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") && !slices.Contains([]string{".", ".ci", ".github"}, name) {
				return fs.SkipDir
			}
			return nil
		}
		path = filepath.ToSlash(path)
		script := within(path, ".ci")
		if slices.Contains(wordsExempt, path) || isForeign(path) || !script && !slices.Contains(wordsRead, filepath.Ext(name)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		for i, line := range strings.Split(string(text), "\n") {
			for found, instead := range misused(line) {
				report(path, i+1, found, instead)
			}
		}
		return nil
	})
	if err != nil || read < 100 {
		t.Fatalf("%d files, %v", read, err)
	}
}

func TestWordsAreThoseOfTheGuide(t *testing.T) {
	t.Parallel()
	wordsIn(t, func(path string, line int, found, instead string) {
		t.Errorf("%s:%d: %q; write: %s", path, line, found, instead)
	})
}

func TestWordsAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"// Nobody is told.":                       "nobody",
		"func whoeverHas()":                        "whoever",
		"x := tellNobody(y)":                       "nobody",
		"an E-mail address":                        "e-mail",
		"the address is proved":                    "proved",
		"a DPoP proof, a proof of possession":      "",
		"provide, provider, approve, improve":      "",
		"users can not log in":                     "can not",
		"they can not only read":                   "",
		"the session is dead":                      "dead",
		"a dead end before the deadline":           "",
		"users may login with it":                  "may login with",
		"the way to login pages, to logout by now": "to logout by",
		"a code is good for a minute":              "good for",
		"they sign in":                             "sign in",
		"Sign in with Apple, a sign in stone":      "sign in",
		"Sign in with Apple":                       "",
		"confirms the address":                     "confirms the address",
		"POST auth/code/confirm":                   "",
	} {
		got := ""
		for found := range misused(text) {
			got = found
		}
		if got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}
