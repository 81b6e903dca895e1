package allauth_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// surroundings is the code around the program of the README.
const surroundings = `
import (
	"context"
	"database/sql"
	"net/http"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

func main() { _ = run(context.Background(), nil, nil) }

`

// The program of the README compiles, and its links exist.
func TestTheReadmeIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```go\n")
	program, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no program in the README")
	}
	program = "package main\n" + surroundings + "func run(ctx context.Context, secret []byte, me func(http.ResponseWriter, *http.Request)) error {\n" + program + "}\n"
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("the program of the README: %v\n%s", err, output)
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(link[1]); err != nil {
			t.Errorf("the README links to %s: %v", link[1], err)
		}
	}
}
