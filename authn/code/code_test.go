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

// used are the names of the package's constants that files of the library use.
// Tables of messages hold no other codes.
func used(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range []string{"account", "internal", "mfa", "socialaccount"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if from, ok := n.X.(*ast.Ident); ok && from.Name == "code" {
						found[n.Sel.Name] = true
					}
				case *ast.ValueSpec:
					checkTable(t, path, n)
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

func checkTable(t *testing.T, path string, spec *ast.ValueSpec) {
	t.Helper()
	if len(spec.Values) != 1 || !strings.HasSuffix(strings.ToLower(spec.Names[0].Name), "messages") {
		return
	}
	table, ok := spec.Values[0].(*ast.CompositeLit)
	if !ok {
		return
	}
	for _, row := range table.Elts {
		if pair, ok := row.(*ast.KeyValueExpr); ok {
			if literal, ok := pair.Key.(*ast.BasicLit); ok {
				t.Errorf("%s: %s holds %s; use a constant of authn/code", path, spec.Names[0].Name, literal.Value)
			}
		}
	}
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

// Every code that the library puts in a response is a constant of the package.
func TestCodesOfProblemsAreNamed(t *testing.T) {
	t.Parallel()
	values := slices.Collect(maps.Values(constants(t)))
	for _, folder := range []string{"accounts", "api", "factors", "social"} {
		files, err := filepath.Glob(filepath.Join(root, "internal", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("internal/%s: %v", folder, err)
		}
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 2 || !makesProblem(call.Fun) {
					return true
				}
				if literal, ok := call.Args[1].(*ast.BasicLit); ok {
					if code, _ := strconv.Unquote(literal.Value); code != "" && !slices.Contains(values, code) {
						t.Errorf("%s: %q is no code of authn/code", path, code)
					}
				}
				return true
			})
		}
	}
}

func makesProblem(function ast.Expr) bool {
	switch f := function.(type) {
	case *ast.Ident:
		return f.Name == "problem" || f.Name == "problems" || f.Name == "Problem"
	case *ast.SelectorExpr:
		return f.Sel.Name == "Problem" || f.Sel.Name == "add"
	}
	return false
}
