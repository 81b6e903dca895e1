package headless_test

import (
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// allFeatures turns on all features.
func allFeatures(cfg *allauth.Config) {
	cfg.BaseURL = "https://app.example.com"
	cfg.Headless.ServeSpecification = true
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
	cfg.Account.Phone = &account.PhoneConfig{}
	cfg.Account.LoginAlerts = true
	cfg.Users.DeletionEnabled, cfg.Users.ExportEnabled = true, true
	cfg.MFA = &mfa.Config{
		SupportedTypes:      []mfa.Type{mfa.RecoveryCodes, mfa.TOTP, mfa.WebAuthn},
		PasskeyLoginEnabled: true, PasskeySignupEnabled: true, TrustEnabled: true,
	}
	cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{Provider: "google", ClientID: "id", ClientSecret: "secret"}}}
	cfg.Audit = &audit.Config{ShowToUsers: true}
	cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}}
}

// parse parses a document, which must be valid.
func parse(t *testing.T, text []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// The document has the paths of the table of routes. With all features turned on,
// it has the methods that the server allows.
func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	doc := parse(t, headless.Specification())
	s := clienttest.Start(t, allFeatures)
	kinds := map[string][]clienttest.Kind{
		"/_allauth/{client}/v1/": {clienttest.App, clienttest.Browser},
		"/_allauth/app/v1/":      {clienttest.App}, "/_allauth/browser/v1/": {clienttest.Browser},
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for prefix, kinds := range kinds {
			endpoint, ok := strings.CutPrefix(path, prefix)
			if !ok {
				continue
			}
			described = append(described, endpoint)
			for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
				answer := s.Client(kind).Do(http.MethodOptions, endpoint, nil)
				if !slices.Contains(kinds, kind) {
					answer.Status(http.StatusNotFound)
					continue
				}
				allowed := slices.DeleteFunc(strings.Split(answer.Status(http.StatusOK).Header.Get("Allow"), ", "), func(method string) bool {
					return method == http.MethodOptions || method == http.MethodHead
				})
				if methods := slices.Sorted(maps.Keys(item.Operations())); !slices.Equal(methods, allowed) {
					t.Errorf("%s of %s: %v are described, %v allowed", endpoint, kind, methods, allowed)
				}
			}
		}
	}
	slices.Sort(described)
	if table := pathsOfTheTable(t); !slices.Equal(described, table) {
		t.Errorf("described are %v, the table has %v", described, table)
	}
}

var (
	pathsLiteral = regexp.MustCompile(`paths: \[\]string\{([^}]+)\}`)
	pathLiteral  = regexp.MustCompile(`"([^"]+)"`)
)

// pathsOfTheTable returns the paths of the table in the code.
func pathsOfTheTable(t *testing.T) []string {
	text, err := os.ReadFile("../../api/routes.go")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, list := range pathsLiteral.FindAllSubmatch(text, -1) {
		for _, path := range pathLiteral.FindAllSubmatch(list[1], -1) {
			paths = append(paths, string(path[1]))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths) // some paths have several rows
}

// Hosts get a valid document of the features that they turned on, and of no
// others.
func TestTheDocumentIsThatOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit    func(cfg *allauth.Config)
		with    []string
		without []string
		schemes []string
	}{
		"everything": {
			allFeatures,
			[]string{
				"/_allauth/{client}/v1/auth/login", "/_allauth/{client}/v1/auth/webauthn/signup", "/_allauth/app/v1/tokens/refresh",
				"/_allauth/provider/{id}/callback", "/_allauth/.well-known/jwks.json",
			},
			nil,
			[]string{"AccessToken", "CSRFToken", "SessionCookie", "SessionToken"},
		},
		"nothing": {
			func(*allauth.Config) {},
			[]string{"/_allauth/{client}/v1/auth/login", "/_allauth/app/v1/tokens/refresh"},
			[]string{
				"/_allauth/{client}/v1/auth/code/request", "/_allauth/{client}/v1/account/phone", "/_allauth/{client}/v1/account/authenticators",
				"/_allauth/browser/v1/auth/provider/redirect", "/_allauth/provider/{id}/callback", "/_allauth/.well-known/jwks.json",
			},
			[]string{"CSRFToken", "SessionCookie", "SessionToken"},
		},
		"browsers only": {
			func(cfg *allauth.Config) { allFeatures(cfg); cfg.Headless.Clients = []string{"browser"} },
			[]string{"/_allauth/{client}/v1/auth/login", "/_allauth/browser/v1/auth/2fa/trust"},
			[]string{"/_allauth/app/v1/tokens/refresh"},
			[]string{"CSRFToken", "SessionCookie"},
		},
		"apps only, elsewhere": {
			func(cfg *allauth.Config) { cfg.Headless.Clients = []string{"app"}; cfg.Headless.BasePath = "/id" },
			[]string{"/id/{client}/v1/auth/login", "/id/app/v1/tokens/refresh"},
			[]string{"/_allauth/{client}/v1/auth/login"},
			[]string{"SessionToken"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, test.edit)
			doc := parse(t, s.Auth.OpenAPI())
			if url := doc.Servers[0].URL; url != s.Config.BaseURL {
				t.Errorf("the server is %s", url)
			}
			for _, path := range test.with {
				if doc.Paths.Value(path) == nil {
					t.Errorf("no %s", path)
				}
			}
			for _, path := range test.without {
				if doc.Paths.Value(path) != nil {
					t.Errorf("there is %s", path)
				}
			}
			if schemes := slices.Sorted(maps.Keys(doc.Components.SecuritySchemes)); !slices.Equal(schemes, test.schemes) {
				t.Errorf("the schemes are %v", schemes)
			}
			kinds := doc.Components.Parameters["Client"].Value.Schema.Value.Enum
			if want := len(s.Config.Headless.Clients); want > 0 && len(kinds) != want {
				t.Errorf("the kinds are %v", kinds)
			}
		})
	}
}

func TestNamesOfTheHostAreInTheDocument(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, allFeatures, func(cfg *allauth.Config) {
		cfg.Sessions.CookieName = "sid"
		cfg.Tokens.AuthorizationHeaderScheme = "Token"
	})
	schemes := parse(t, s.Auth.OpenAPI()).Components.SecuritySchemes
	if name := schemes["SessionCookie"].Value.Name; name != "sid" {
		t.Errorf("the cookie is %s", name)
	}
	if scheme := schemes["AccessToken"].Value.Scheme; scheme != "Token" {
		t.Errorf("the scheme is %s", scheme)
	}
}

func TestTheDocumentIsServedOnRequest(t *testing.T) {
	t.Parallel()
	on, off := clienttest.Start(t, allFeatures), clienttest.Start(t)
	for file, mediaType := range map[string]string{
		"/_allauth/openapi.json": "application/vnd.oai.openapi+json", "/_allauth/openapi.yaml": "application/vnd.oai.openapi",
	} {
		response, text := send(t, on, http.MethodGet, file)
		if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != mediaType {
			t.Errorf("%s: %d, %s", file, response.StatusCode, got)
		}
		if text != string(on.Auth.OpenAPI()) {
			t.Errorf("%s is another document", file)
		}
		if response, text := send(t, on, http.MethodHead, file); response.StatusCode != http.StatusOK || text != "" {
			t.Errorf("HEAD %s: %d, %q", file, response.StatusCode, text)
		}
		if response, _ := send(t, on, http.MethodPost, file); response.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", file, response.StatusCode)
		}
		if response, _ := send(t, off, http.MethodGet, file); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s, turned off: %d", file, response.StatusCode)
		}
	}
}

func send(t *testing.T, s *clienttest.Server, method, path string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.Server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}
