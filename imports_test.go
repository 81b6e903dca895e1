package allauth_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/allauth-go/allauth"

// theRoot is the root package in a list of arrows.
const theRoot = "."

// arrows says which packages of the module each layer may import. Layers that are
// not listed may import everything.
var arrows = map[string][]string{
	"authn":     {},
	"notify":    {},
	"ratelimit": {},
	// The public packages hold what a host touches.
	"sessions":            {"authn", "sessions"},
	"users":               {"authn"},
	"audit":               {"authn"},
	"account":             {"authn", "notify", "internal/hook", "internal/problem", "internal/typedcode", "account"},
	"mfa":                 {"authn", "internal/jsonio", "mfa"},
	"socialaccount":       {"authn", "internal/idtoken", "socialaccount"},
	"headless":            {"authn"},
	"storage/djangostore": {"account", "audit", "authn", "internal/keyring", "internal/session", "mfa", "notify", "ratelimit", "sessions", "socialaccount", "storage", "users"},
	"storage":             {"audit", "authn", "notify", "ratelimit", "sessions", "account", "mfa", "socialaccount", "users", "storage"},
	// The flows know their own public package, and not each other.
	"internal/work":     append([]string{"headless", "internal/clientip", "internal/keyring", "internal/locale"}, vocabulary...),
	"internal/codes":    append([]string{"account", "internal/keyring", "internal/problem", "internal/typedcode", "internal/work"}, vocabulary...),
	"internal/login":    append([]string{"account", "internal/keyring", "internal/work"}, vocabulary...),
	"internal/session":  append([]string{"internal/clientip", "internal/cookie", "internal/keyring", "internal/login", "internal/work", "sessions"}, vocabulary...),
	"internal/tokens":   append([]string{"internal/keyring", "internal/login", "internal/session", "internal/work", "sessions"}, vocabulary...),
	"internal/accounts": append([]string{"account", "internal/alternate", "internal/clientip", "internal/codes", "internal/hook", "internal/keyring", "internal/login", "internal/problem", "internal/typedcode", "internal/work", "sessions", "users"}, vocabulary...),
	"internal/factors":  append([]string{"internal/codes", "internal/keyring", "internal/login", "internal/problem", "internal/typedcode", "internal/wireid", "internal/work", "mfa", "users"}, vocabulary...),
	"internal/social":   append([]string{"internal/codes", "internal/hook", "internal/idtoken", "internal/keyring", "internal/login", "internal/problem", "internal/work", "socialaccount"}, vocabulary...),
	"internal/api":      append([]string{"account", "audit", "headless", "internal", "mfa", "sessions", "socialaccount", "users"}, vocabulary...),
	"internal/trail":    append([]string{"audit", "internal/clientip", "internal/outbox", "internal/work"}, vocabulary...),
	"":                  append([]string{"account", "audit", "headless", "internal", "mfa", "sessions", "socialaccount", "storage", "users"}, vocabulary...),
	"ui":                {theRoot},
	"internal/problem":  {"authn"},
	"internal/jsonio":   {"authn/code"}, "internal/keyring": {}, "internal/clientip": {}, "internal/typedcode": {}, "internal/wireid": {}, "internal/mailtemplate": {"internal/locale"}, "internal/locale": {"authn"},
	"internal/outbox": {"notify", "internal/hook"},
}

// vocabulary is what all packages share.
var vocabulary = []string{"authn", "notify", "ratelimit"}

// notForTheRoot are modules that the root must not require: those that hosts choose,
// those that only tests need, and those of the workspace.
var notForTheRoot = []string{
	"github.com/jackc/pgx", "github.com/go-sql-driver/mysql", "modernc.org/sqlite", "github.com/redis/go-redis", "go.opentelemetry.io",
	"github.com/chromedp", "github.com/descope/virtualwebauthn", "github.com/getkin/kin-openapi",
	"github.com/go-chi/chi", "github.com/gin-gonic/gin", "github.com/labstack/echo", "connectrpc.com/connect",
	"github.com/santhosh-tekuri/jsonschema", "github.com/zitadel/oidc", module,
}

type pkg struct {
	Name         string
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// packages returns the packages of every module of the workspace.
func packages(t *testing.T) []pkg {
	t.Helper()
	output, err := exec.Command("go", "list", "-json=Name,ImportPath,Imports,TestImports,XTestImports,Deps", "work").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(output))); decoder.More(); {
		var p pkg
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// short returns a package's path within the module, and whether it is in the
// module.
func short(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// layer returns the longest entry of arrows that contains the package.
func layer(path string) (string, bool) {
	for {
		if _, ok := arrows[path]; ok {
			return path, true
		}
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return "", false
		}
		path = path[:i]
	}
}

func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		path, _ := short(p.ImportPath)
		rule, ok := layer(path)
		if !ok {
			continue
		}
		for _, imported := range p.Imports {
			target, ours := short(imported)
			if !ours {
				continue
			}
			if !slices.ContainsFunc(arrows[rule], func(allowed string) bool {
				return target == "" && allowed == theRoot || target != "" && within(target, allowed)
			}) {
				t.Errorf("%s imports %q, which %q must not", p.ImportPath, target, rule)
			}
		}
	}
}

func TestTheRootRequiresNoDriver(t *testing.T) {
	t.Parallel()
	output, err := exec.Command("go", "mod", "edit", "-json", "go.mod").Output()
	if err != nil {
		t.Fatalf("go mod edit: %v", err)
	}
	var file struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(output, &file); err != nil || len(file.Require) == 0 {
		t.Fatalf("%d requirements, %v", len(file.Require), err)
	}
	for _, required := range file.Require {
		if slices.ContainsFunc(notForTheRoot, func(path string) bool { return within(required.Path, path) }) {
			t.Errorf("go.mod requires %s", required.Path)
		}
	}
}

func TestTheCoreLinksNoStore(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.ImportPath != module {
			continue
		}
		for _, dep := range p.Deps {
			if target, ours := short(dep); ours && (within(target, "storage/memstore") || within(target, "storage/sqlstore")) {
				t.Errorf("%s links the store %s", p.ImportPath, target)
			}
		}
	}
}

// Only tests link the package that validates responses against the OpenAPI
// document, and all tests of the API do.
func TestAnswersAreHeldAgainstTheDocument(t *testing.T) {
	t.Parallel()
	const contract = module + "/internal/integration/contract"
	for _, p := range packages(t) {
		path, _ := short(p.ImportPath)
		if path == "internal/integration/contract" || path == "internal/integration/teststore" || path == "examples/server" { // which imports only Parallel
			continue
		}
		for _, dep := range p.Deps {
			if target, ours := short(dep); ours && within(target, "internal/integration") && !within(path, "internal/integration") {
				t.Errorf("%s links %s", p.ImportPath, dep)
			}
		}
		imports := slices.Concat(p.TestImports, p.XTestImports)
		if slices.Contains(imports, module+"/internal/clienttest") && !slices.Contains(imports, contract) {
			t.Errorf("the tests of %s import internal/clienttest, but not %s; they belong in internal/integration", p.ImportPath, contract)
		}
	}
}
