package allauth_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/mailtemplate"
)

var eventName = regexp.MustCompile(`\) EventName\(\) string \{ return ("[^"]+") \}`)

func TestTheEventsAreDocumented(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/events.md")
	found := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, match := range eventName.FindAllStringSubmatch(read(t, path), -1) {
			found++
			if name := strings.ReplaceAll(match[1], `"`, "`"); !strings.Contains(page, name) {
				t.Errorf("docs/events.md lacks %s of %s", name, path)
			}
		}
		return nil
	})
	if err != nil || found < 20 {
		t.Errorf("%d events, %v", found, err)
	}
}

// The receiver on the page is the one of the example, which is compiled and run.
func TestTheReceiverIsThatOfTheExample(t *testing.T) {
	t.Parallel()
	example := read(t, "audit/receiver_example_test.go")
	begin, end := strings.Index(example, "// verifyWebhook"), strings.Index(example, "// A server receives")
	if begin < 0 || end < begin || !strings.Contains(read(t, "docs/events.md"), "```go\n"+strings.TrimSpace(example[begin:end])+"\n```") {
		t.Error("docs/events.md has another function than audit/receiver_example_test.go")
	}
}

func TestTheMailsAreDocumented(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/mails.md")
	for _, name := range append(mailtemplate.Kinds(), mailtemplate.Fields()...) {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/mails.md lacks %s", name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
