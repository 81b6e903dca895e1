package allauth_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// aroundOperations is the code before the functions of docs/operations.md.
const aroundOperations = `package main

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/allauthotel"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

func main() { _, _, _ = logFindings, health, observe }

`

// The functions of the page compile.
func TestTheFunctionsOfOperationsAreTrue(t *testing.T) {
	t.Parallel()
	program := aroundOperations
	blocks := goBlock.FindAllStringSubmatch(read(t, "docs/operations.md"), -1)
	if len(blocks) == 0 {
		t.Fatal("no functions")
	}
	for _, block := range blocks {
		program += block[1] + "\n"
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, output, program)
	}
}
