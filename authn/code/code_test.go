package code_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/headless"
)

const root = "../.."

// constants are the codes of the package by their names.
func constants(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := spec.Names[0].Name
		if found[name], err = strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(strings.Fields(spec.Doc.Text()), " "); !strings.HasPrefix(text, name+" ") || !strings.HasSuffix(text, ".") {
			t.Errorf("%s says %q; want a sentence that begins with its name", name, text)
		}
		return true
	})
	return found
}

// used are the names of the package's constants that files of the library use
// beside the table of their texts.
func used(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range []string{"account", "internal", "mfa", "socialaccount"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || entry.Name() == "texts.go" {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if selector, ok := n.(*ast.SelectorExpr); ok {
					if from, ok := selector.X.(*ast.Ident); ok && from.Name == "code" {
						found[selector.Sel.Name] = true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// documented are the codes of the operations in openapi.json.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(headless.Specification(), &document); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, item := range document.Paths {
		for _, member := range item {
			var operation struct {
				Codes map[string][]string `json:"x-error-codes"`
			}
			if json.Unmarshal(member, &operation) != nil {
				continue // parameters
			}
			for _, codes := range operation.Codes {
				for _, code := range codes {
					found[code] = true
				}
			}
		}
	}
	delete(found, "") // two email addresses that differ
	return found
}

// The package has a constant for every code of the API, and no others.
func TestEveryCodeHasAName(t *testing.T) {
	t.Parallel()
	names, inCode, inDocument := constants(t), used(t), documented(t)
	if len(inDocument) < 40 {
		t.Fatalf("openapi.json has %d codes", len(inDocument))
	}
	values := slices.Collect(maps.Values(names))
	for code := range inDocument {
		if !slices.Contains(values, code) {
			t.Errorf("%q of openapi.json has no name", code)
		}
	}
	seen := map[string]bool{}
	for name, code := range names {
		if seen[code] {
			t.Errorf("%q has two names", code)
		}
		seen[code] = true
		if !inCode[name] {
			t.Errorf("%s is used nowhere", name)
		}
	}
}
