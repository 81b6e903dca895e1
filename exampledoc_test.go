package allauth_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every package that a host can import has an example that runs.
func TestEveryPackageHasAnExample(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		path, _ := short(p.ImportPath)
		if p.Name == "main" || strings.HasPrefix(path, "internal/") || strings.HasPrefix(path, "examples/") || strings.HasPrefix(path, "cmd/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(path, "example_test.go"))
		if err != nil || !strings.Contains(string(text), "func Example") || !strings.Contains(string(text), "// Output:") {
			t.Errorf("%s has no example that runs: %v", p.ImportPath, err)
		}
	}
}
