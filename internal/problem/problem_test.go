package problem

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/internal/locale"
)

const root = "../.."

// constructors are the functions that take a param and a code.
var constructors = []string{"problem.Of", "problem.List", "in.add", "f.add"}

// problems calls f for each problem that the library makes, with the expressions of
// its param and code.
func problems(t *testing.T, f func(at token.Position, param, code ast.Expr, args int)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) >= 2 && slices.Contains(constructors, lastTwo(call.Fun)) {
				f(files.Position(call.Pos()), call.Args[0], call.Args[1], len(call.Args)-2)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// lastTwo returns the last two names of a.b.c as "b.c".
func lastTwo(function ast.Expr) string {
	selector, ok := function.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	switch x := selector.X.(type) {
	case *ast.Ident:
		return x.Name + "." + selector.Sel.Name
	case *ast.SelectorExpr:
		return x.Sel.Name + "." + selector.Sel.Name
	}
	return ""
}

// constants are the values of the constants of authn/code.
func constants(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "authn/code/code.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			if found[name], err = strconv.Unquote(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	return found
}

// Problems are made with the constants of authn/code, and each has a text that takes
// the arguments that it is made with.
func TestEveryProblemThatIsMadeHasAText(t *testing.T) {
	t.Parallel()
	values, made := constants(t), 0
	problems(t, func(at token.Position, param, code ast.Expr, args int) {
		made++
		if literal, ok := code.(*ast.BasicLit); ok && literal.Value != `""` {
			t.Errorf("%s: the code %s; use a constant of authn/code", at, literal.Value)
		}
		constant, ok := code.(*ast.SelectorExpr)
		if !ok || constant.X.(*ast.Ident).Name != "code" {
			return
		}
		value := values[constant.Sel.Name]
		literal, ok := param.(*ast.BasicLit)
		if !ok {
			return // a variable
		}
		field, _ := strconv.Unquote(literal.Value)
		message := english(t).Problem(Of(field, value))
		if message == "" {
			t.Errorf("%s: %s of %q has no text", at, value, field)
		}
		if verbs := strings.Count(message, "%"); verbs != args {
			t.Errorf("%s: %d arguments for %q", at, args, message)
		}
	})
	if made < 80 {
		t.Errorf("found %d problems", made)
	}
}

// Every problem of the OpenAPI document has a text.
func TestEveryDocumentedProblemHasAText(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(headless.Specification(), &document); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for path, item := range document.Paths {
		for method, member := range item {
			var operation struct {
				Codes map[string][]string `json:"x-error-codes"`
			}
			if json.Unmarshal(member, &operation) != nil {
				continue // parameters
			}
			for param, codes := range operation.Codes {
				for _, code := range codes {
					checked++
					if english(t).Problem(Of(param, code)) == "" {
						t.Errorf("%s %s: %q of %q has no text", method, path, code, param)
					}
				}
			}
		}
	}
	if checked < 200 {
		t.Errorf("found %d problems", checked)
	}
}

// english returns the texts in English.
func english(t *testing.T) *locale.Locale {
	t.Helper()
	set, err := locale.New(nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return set.All()[0]
}

func TestLimitsInTexts(t *testing.T) {
	t.Parallel()
	for field, limit := range map[string]int{"email": identifier.MaxEmailLength, "email2": identifier.MaxEmailLength, "username": identifier.MaxUsernameLength} {
		if text := english(t).Problem(Of(field, "max_length")); !strings.Contains(text, fmt.Sprintf(" %d ", limit)) {
			t.Errorf("%s: %q, want a limit of %d", field, text, limit)
		}
	}
}
