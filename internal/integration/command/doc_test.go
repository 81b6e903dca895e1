package command_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// callOfThePage is a call of the command in docs/operations.md.
var callOfThePage = regexp.MustCompile("(?m)^allauth ([^<\n]+)|`allauth ([^`]+)`")

// word is the second word of a command.
var word = regexp.MustCompile("^[a-z][a-z-]+$")

// The calls of the page are commands with flags that they have, and its line of a user is
// accepted.
func TestTheCallsOfThePageAreTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	calls := callOfThePage.FindAllStringSubmatch(page, -1)
	if len(calls) < 20 {
		t.Fatalf("%d calls", len(calls))
	}
	for _, match := range calls {
		words := strings.Fields(match[1] + match[2])
		name := words[:1]
		if len(words) > 1 && word.MatchString(words[1]) {
			name = words[:2]
		}
		help := call(t, "", append(slices.Clone(name), "-help")...)
		if help.status != 0 || !strings.HasPrefix(help.output, "Usage: allauth "+strings.Join(name, " ")) {
			t.Errorf("%v: %+v", words, help)
		}
		for _, word := range words {
			if strings.HasPrefix(word, "-") && word != "-" && !strings.Contains(help.output, "  "+word) {
				t.Errorf("%v has no flag %s", words, word)
			}
		}
	}
	_, rest, _ := strings.Cut(page, "```json\n")
	line, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no line of a user")
	}
	s := newSite(t, "sqlite:"+filepath.Join(t.TempDir(), "app.db"), nil)
	s.run("migrate")
	hash := "pbkdf2_sha256$1$salt$uTmBdPlUNpfU8SUe0Ow7PuBgfsuWJ1cOHQ1oXPv3Ugg="
	call(t, strings.Replace(line, "pbkdf2_sha256$…", hash, 1), "import", "-", "-config", s.config).ok().says("Created 1 users")
}
