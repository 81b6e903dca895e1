package allauth_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// aroundTheSteps is the code before the steps of docs/getting-started.md.
const aroundTheSteps = `package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

func main() {
	ctx, secret := context.Background(), make([]byte, 32)
`

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// The steps together are a program that compiles.
func TestTheFirstStepsAreTrue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	program, functions := aroundTheSteps, ""
	for _, block := range goBlock.FindAllStringSubmatch(string(page), -1) {
		if strings.HasPrefix(block[1], "func ") {
			functions += "\n" + block[1]
		} else {
			program += block[1]
		}
	}
	program += "\t_, _ = server, err\n}\n" + functions
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, output, program)
	}
}
