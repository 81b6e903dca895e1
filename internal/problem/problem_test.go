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
)

const root = "../.."

// constructors are the functions that take a param and a code.
var constructors = []string{"problem.Of", "problem.List", "OwnAccount.List", "SecondFactor.List", "in.add", "f.add"}

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
		field := anyField // a variable
		if literal, ok := param.(*ast.BasicLit); ok {
			field, _ = strconv.Unquote(literal.Value)
		}
		if texts[value] == nil {
			t.Errorf("%s: %s has no text", at, value)
			return
		}
		if field == anyField {
			return
		}
		message := Of(field, value).Message
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
					if Of(param, code).Message == "" {
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

// The table has no texts for codes that do not exist, and every text is a sentence.
func TestTheTable(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"": true} // two email addresses that differ
	for _, value := range constants(t) {
		known[value] = true
	}
	for _, one := range append([]table{texts}, flowTexts[OwnAccount], flowTexts[SecondFactor]) {
		for code, fields := range one {
			if !known[code] {
				t.Errorf("%q is no constant of authn/code", code)
			}
			for field, text := range fields {
				if !strings.HasSuffix(text, ".") || strings.ToUpper(text[:1]) != text[:1] {
					t.Errorf("%s of %s: %q is no sentence", code, field, text)
				}
			}
		}
	}
	for field, limit := range map[string]int{"email": identifier.MaxEmailLength, "email2": identifier.MaxEmailLength, "username": identifier.MaxUsernameLength} {
		if text := Of(field, "max_length").Message; !strings.Contains(text, fmt.Sprintf(" %d ", limit)) {
			t.Errorf("%s: %q, want a limit of %d", field, text, limit)
		}
	}
}
