package allauth_test

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"
	"golang.org/x/crypto/argon2"
	_ "modernc.org/sqlite"

	"database/sql"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// silence delivers nothing.
type silence struct{}

func (silence) Send(context.Context, notify.Message) error { return nil }
func (silence) Validate() error                            { return nil }

// newAuth returns the library on a store, without limits and without mails.
func newAuth(tb testing.TB, store storage.Store, edit ...func(cfg *allauth.Config)) *allauth.Auth {
	tb.Helper()
	cfg := allauth.Config{
		BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: silence{}, DisableRateLimits: true,
		Account: account.Config{EmailVerification: authn.VerificationNone}, DisableEmailNotifications: true,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	cfg.Account.PasswordHash = clienttest.Cheap()
	for _, change := range edit {
		change(&cfg)
	}
	auth, err := allauth.New(cfg, store)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return auth
}

func sqliteStore(tb testing.TB) storage.Store {
	tb.Helper()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(tb.TempDir(), "bench.db")))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() }) // it goes with the folder
	store := sqlstore.New(db, sqlstore.SQLite)
	if err := store.Migrate(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return store
}

// do sends a request to a handler and returns what it answered.
func do(h http.Handler, method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/_allauth/app/v1/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("X-Session-Token", token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const credentials = `{"email":"ann@example.org","password":"` + clienttest.Password + `"}`

// signUp makes an account and returns its session token.
func signUp(tb testing.TB, h http.Handler) string {
	tb.Helper()
	answer := do(h, "POST", "auth/signup", "", credentials)
	var body struct {
		Meta struct {
			SessionToken string `json:"session_token"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || body.Meta.SessionToken == "" {
		tb.Fatalf("sign-up: %d %s", answer.Code, answer.Body)
	}
	return body.Meta.SessionToken
}

// discard is a ResponseWriter that costs nothing.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// BenchmarkSession is GET auth/session of an app that is logged in, beside a
// bare handler that loads an scs session and writes the same JSON.
func BenchmarkSession(b *testing.B) {
	for name, store := range map[string]func(tb testing.TB) storage.Store{
		"memstore": func(testing.TB) storage.Store { return memstore.New() }, "sqlite": sqliteStore,
	} {
		b.Run(name, func(b *testing.B) {
			auth := newAuth(b, store(b))
			token := signUp(b, auth)
			get(b, auth, token, "/_allauth/app/v1/auth/session")
		})
	}
	b.Run("bare scs", func(b *testing.B) {
		auth := newAuth(b, memstore.New())
		text := do(auth, "GET", "auth/session", signUp(b, auth), "").Body.String()
		handler, token := bareSCS(b, text)
		get(b, handler, token, "/")
	})
}

func get(b *testing.B, h http.Handler, token, path string) {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("X-Session-Token", token)
	b.ReportAllocs()
	for b.Loop() {
		w := &discard{header: http.Header{}}
		h.ServeHTTP(w, r)
		if w.status != http.StatusOK {
			b.Fatalf("status %d", w.status)
		}
	}
}

// bareSCS is the handler to beat: its session holds what the answer shows.
func bareSCS(b *testing.B, text string) (http.Handler, string) {
	b.Helper()
	gob.Register(map[string]any{})
	gob.Register([]any{})
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		b.Fatal(err)
	}
	manager := scs.New()
	manager.Store = scsmemstore.NewWithCleanupInterval(0)
	ctx, err := manager.Load(context.Background(), "")
	if err != nil {
		b.Fatal(err)
	}
	manager.Put(ctx, "answer", answer)
	token, _, err := manager.Commit(ctx)
	if err != nil {
		b.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := manager.Load(r.Context(), r.Header.Get("X-Session-Token"))
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		_ = json.NewEncoder(w).Encode(manager.Get(ctx, "answer")) // nobody reads it
	}), token
}

// BenchmarkLogin is a login at the default cost, beside one bare hash.
func BenchmarkLogin(b *testing.B) {
	for name, store := range map[string]func(tb testing.TB) storage.Store{
		"memstore": func(testing.TB) storage.Store { return memstore.New() }, "sqlite": sqliteStore,
	} {
		b.Run(name, func(b *testing.B) {
			auth := newAuth(b, store(b), func(cfg *allauth.Config) { cfg.Account.PasswordHash.Argon2id = account.Config{}.PasswordHash.Argon2id })
			signUp(b, auth)
			b.ReportAllocs()
			for b.Loop() {
				if answer := do(auth, "POST", "auth/login", "", credentials); answer.Code != http.StatusOK {
					b.Fatalf("status %d: %s", answer.Code, answer.Body)
				}
			}
		})
	}
	b.Run("bare argon2id", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			argon2.IDKey([]byte(clienttest.Password), []byte("0123456789abcdef"), 2, 19456, 1, 32)
		}
	})
}

// BenchmarkUnknownLogin is a login to an account that does not exist, to be held
// against BenchmarkLogin: strangers must not see the difference.
func BenchmarkUnknownLogin(b *testing.B) {
	auth := newAuth(b, memstore.New(), func(cfg *allauth.Config) { cfg.Account.PasswordHash.Argon2id = account.Config{}.PasswordHash.Argon2id })
	signUp(b, auth)
	for name, text := range map[string]string{
		"unknown":        `{"email":"nobody@example.org","password":"` + clienttest.Password + `"}`,
		"wrong password": `{"email":"ann@example.org","password":"wrong-wrong-1"}`,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if answer := do(auth, "POST", "auth/login", "", text); answer.Code != http.StatusBadRequest {
					b.Fatalf("status %d: %s", answer.Code, answer.Body)
				}
			}
		})
	}
}

// BenchmarkSignup is a sign-up with a hash of no cost.
func BenchmarkSignup(b *testing.B) {
	for name, store := range map[string]func(tb testing.TB) storage.Store{
		"memstore": func(testing.TB) storage.Store { return memstore.New() }, "sqlite": sqliteStore,
	} {
		b.Run(name, func(b *testing.B) {
			auth := newAuth(b, store(b))
			b.ReportAllocs()
			for b.Loop() {
				email := time.Now().Format("150405.000000000") + "@example.org"
				text := `{"email":"` + email + `","password":"` + clienttest.Password + `"}`
				if answer := do(auth, "POST", "auth/signup", "", text); answer.Code != http.StatusOK {
					b.Fatalf("status %d: %s", answer.Code, answer.Body)
				}
			}
		})
	}
}

// BenchmarkStrangers asks for codes and links for an address that has an
// account and for one that has not: the two must cost the same.
func BenchmarkStrangers(b *testing.B) {
	auth := newAuth(b, memstore.New(), func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationOptional
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	})
	signUp(b, auth)
	for _, request := range []struct {
		name, path string
		status     int
	}{{"login code", "auth/code/request", http.StatusUnauthorized}, {"reset", "auth/password/request", http.StatusOK}} {
		for who, email := range map[string]string{"known": "ann@example.org", "unknown": "nobody@example.org"} {
			b.Run(request.name+"/"+who, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if answer := do(auth, "POST", request.path, "", `{"email":"`+email+`"}`); answer.Code != request.status {
						b.Fatalf("status %d: %s", answer.Code, answer.Body)
					}
				}
			})
		}
	}
}
