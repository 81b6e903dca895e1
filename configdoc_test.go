package allauth_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docLink is a link of a doc comment, such as [authn.Error].
var docLink = regexp.MustCompile(`\[(\*?\w+(?:\.\w+)*)\]`)

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

// settings are the types that docs/configuration.md lists, with their folders.
var settings = []struct{ title, folder, name string }{
	{"Config", ".", "Config"},
	{"Headless", "headless", "Config"},
	{"Headless.FrontendURLs", "headless", "FrontendURLs"},
	{"Account", "account", "Config"},
	{"One-time codes", "account", "CodeConfig"},
	{"Account.LoginByCode", "account", "LoginByCodeConfig"},
	{"Account.Phone", "account", "PhoneConfig"},
	{"Format of codes", "account", "CodeFormat"},
	{"Account.Password", "account/password", "Policy"},
	{"Account.PasswordHash", "account/password", "Config"},
	{"Account.PasswordHash.Argon2id", "account/password", "Argon2id"},
	{"Users", "users", "Config"},
	{"MFA", "mfa", "Config"},
	{"SocialAccount", "socialaccount", "Config"},
	{"SocialAccount.Providers", "socialaccount/provider", "App"},
	{"Provider settings", "socialaccount/provider", "Settings"},
	{"Provider trust", "socialaccount/provider", "Trust"},
	{"Sessions", "sessions", "Config"},
	{"Tokens", "sessions/token", "Config"},
	{"Tokens.Keys", "sessions/token", "Key"},
	{"notify.SMTP", "notify", "SMTP"},
	{"notify.Webhook", "notify", "Webhook"},
}

// The page of settings consists of the doc comments, so it is always current.
func TestTheConfigurationIsDocumented(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	page.WriteString("# Configuration\n\nEvery setting, its type and its meaning. The zero value is the default, and the safe choice. Durations are Go durations.\n\nThis page is generated from the comments in the code: `go test -run Documented . -update`.\n")
	for _, s := range settings {
		if _, err := os.Stat(s.folder); os.IsNotExist(err) {
			t.Errorf("no folder %s", s.folder)
			continue
		}
		writeSettings(t, &page, s.title, structOf(t, s.folder, s.name))
	}
	const file = "docs/configuration.md"
	if *update {
		if err := os.WriteFile(file, page.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, page.Bytes()) {
		t.Errorf("%s differs from the comments; run: go test -run Documented . -update", file)
	}
}

// structOf finds the declaration of a struct.
func structOf(t *testing.T, folder, name string) *ast.StructType {
	t.Helper()
	var found *ast.StructType
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && path != "." {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, path), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name == name {
				found, _ = spec.Type.(*ast.StructType)
			}
			return true
		})
		return nil
	})
	if err != nil || found == nil {
		t.Fatalf("%s has no struct %s: %v", folder, name, err)
	}
	return found
}

func writeSettings(t *testing.T, page *bytes.Buffer, title string, s *ast.StructType) {
	t.Helper()
	fmt.Fprintf(page, "\n## %s\n| Field | Type | Meaning |\n|---|---|---|\n", title)
	for _, field := range s.Fields.List {
		kind := strings.ReplaceAll(types.ExprString(field.Type), "|", `\|`)
		if len(field.Names) == 0 {
			fmt.Fprintf(page, "| | `%s` | its fields |\n", kind)
			continue
		}
		if !field.Names[0].IsExported() {
			continue
		}
		var names []string
		for _, name := range field.Names {
			names = append(names, "`"+name.Name+"`")
		}
		meaning := docLink.ReplaceAllString(strings.Join(strings.Fields(field.Doc.Text()), " "), "`$1`")
		if meaning == "" {
			t.Errorf("%s.%s has no comment", title, field.Names[0].Name)
		}
		fmt.Fprintf(page, "| %s | `%s` | %s |\n", strings.Join(names, ", "), kind, strings.ReplaceAll(meaning, "|", `\|`))
	}
}
