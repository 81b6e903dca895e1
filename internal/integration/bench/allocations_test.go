package bench_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/sessions/token"
)

// operation is a row of the table. prepare returns what serves its requests, and the
// request with a number.
type operation struct {
	name    string
	edit    func(cfg *allauth.Config)
	prepare func(t *testing.T, auth *allauth.Auth) (http.Handler, func(i int) *http.Request)
}

var operations = []operation{
	{"Session check, browser", nil, sessionCheck(clienttest.Browser)},
	{"Session check, app", nil, sessionCheck(clienttest.App)},
	{"Host's route, session cookie", nil, hostRoute(clienttest.Browser)},
	{"Host's route, session token", nil, hostRoute(clienttest.App)},
	{"Host's route, stateless access token", statelessTokens, func(t *testing.T, auth *allauth.Auth) (http.Handler, func(int) *http.Request) {
		_, meta := logInAnswer(t, auth, clienttest.App, addUser(t, auth, "user"))
		r := httptest.NewRequest(http.MethodGet, "/me", nil)
		r.Header.Set("Authorization", "Bearer "+meta.AccessToken)
		return auth.Middleware(auth.RequireLogin(answerOK)), always(r)
	}},
	{"Host's route, no credentials", nil, func(_ *testing.T, auth *allauth.Auth) (http.Handler, func(int) *http.Request) {
		return auth.Middleware(answerOK), always(httptest.NewRequest(http.MethodGet, "/me", nil))
	}},
	{"Login by password, browser", nil, login(clienttest.Browser)},
	{"Login by password, app", nil, login(clienttest.App)},
}

func statelessTokens(cfg *allauth.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	cfg.Tokens = &token.Config{Keys: []token.Key{{Private: key}}, StatelessValidation: true}
}

// answerOK is a handler of the host's.
var answerOK = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })

func always(r *http.Request) func(int) *http.Request { return func(int) *http.Request { return r } }

func sessionCheck(kind clienttest.Kind) func(t *testing.T, auth *allauth.Auth) (http.Handler, func(int) *http.Request) {
	return func(t *testing.T, auth *allauth.Auth) (http.Handler, func(int) *http.Request) {
		r := httptest.NewRequest(http.MethodGet, apiPath(kind, "auth/session"), nil)
		logIn(t, auth, kind, addUser(t, auth, "user"))(r)
		return auth, always(r)
	}
}

func hostRoute(kind clienttest.Kind) func(t *testing.T, auth *allauth.Auth) (http.Handler, func(int) *http.Request) {
	return func(t *testing.T, auth *allauth.Auth) (http.Handler, func(int) *http.Request) {
		r := httptest.NewRequest(http.MethodGet, "/me", nil)
		logIn(t, auth, kind, addUser(t, auth, "user"))(r)
		return auth.Middleware(auth.RequireLogin(answerOK)), always(r)
	}
}

// login lets each user log in once, from an address of their own.
func login(kind clienttest.Kind) func(t *testing.T, auth *allauth.Auth) (http.Handler, func(int) *http.Request) {
	return func(t *testing.T, auth *allauth.Auth) (http.Handler, func(int) *http.Request) {
		requests := make([]*http.Request, runs)
		for i := range requests {
			requests[i] = loginRequest(t, auth, kind, addUser(t, auth, fmt.Sprintf("user%d", i)))()
			requests[i].RemoteAddr = address(i)
		}
		return auth, func(i int) *http.Request { return requests[i] }
	}
}

// runs is how many requests of each operation are made.
const runs = 51

// allocations returns how many allocations a request of the operation takes: the median,
// as the library allocates in the background, too.
func allocations(t *testing.T, backend backend, op operation) int {
	t.Helper()
	store, _ := backend.open(t)
	auth := newAuth(t, store, op.edit)
	handler, request := op.prepare(t, auth)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what else runs waits
	var counts []float64
	for i := range runs {
		w := &discard{header: http.Header{}}
		r := request(i)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		handler.ServeHTTP(w, r)
		runtime.ReadMemStats(&after)
		if err := expectOK(w.status); err != nil {
			t.Fatal(err)
		}
		counts = append(counts, float64(after.Mallocs-before.Mallocs))
	}
	return int(quantile(counts, 0.5))
}

const (
	page = "../../../docs/performance.md"
	head = "| Operation | Memory | SQLite |\n|---|---|---|\n"
	// tolerance is by which part a number may differ from the one in the table.
	tolerance = 0.03
)

var update = flag.Bool("update", false, "write the allocations to docs/performance.md")

// The table of the documentation says how much each operation allocates. The
// numbers may only shrink.
func TestAllocations(t *testing.T) {
	if clienttest.Raced {
		t.Skip("the race detector allocates, too")
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), head)
	table, after, _ := strings.Cut(rest, "\n\n")
	if !found {
		t.Fatalf("%s has no table that begins with\n%s", page, head)
	}
	lines := strings.Split(table, "\n")
	if !*update && len(lines) != len(operations) {
		t.Fatalf("the table has %d rows, want %d", len(lines), len(operations))
	}
	var fresh strings.Builder
	for i, op := range operations {
		fresh.WriteString("| " + op.name)
		for column, backend := range backends[:2] {
			n := allocations(t, backend, op)
			fmt.Fprintf(&fresh, " | %d", n)
			if !*update {
				compareAllocations(t, lines[i], op.name, column, n)
			}
		}
		fresh.WriteString(" |\n")
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+head+fresh.String()+"\n"+after), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// compareAllocations holds a number against a column of a line of the table.
func compareAllocations(t *testing.T, line, name string, column, n int) {
	t.Helper()
	cells := strings.Split(strings.Trim(line, "| "), " | ")
	if len(cells) != 3 || cells[0] != name {
		t.Fatalf("the row of %q is %q", name, line)
	}
	want, err := strconv.Atoi(cells[column+1])
	if err != nil {
		t.Fatal(err)
	}
	switch change := float64(n-want) / float64(want); {
	case change > tolerance:
		t.Errorf("%s, %s: %d allocations, want at most %d", name, backends[column].name, n, want)
	case change < -tolerance:
		t.Errorf("%s, %s: %d allocations, which is less than %d; run this test with -update", name, backends[column].name, n, want)
	}
}
