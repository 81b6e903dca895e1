package allauth_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage/memstore"
)

// unreliable is a host whose functions fail while the test says so.
type unreliable struct {
	mode    atomic.Pointer[string]
	release chan struct{}
	blocked atomic.Int32 // calls
}

func (u *unreliable) is(mode string) { u.mode.Store(&mode) }

func (u *unreliable) act() {
	switch mode := u.mode.Load(); {
	case mode == nil:
	case *mode == "panics":
		panic("the host is out of order")
	case *mode == "blocks":
		u.blocked.Add(1)
		<-u.release
		u.blocked.Add(-1)
	}
}

// hooks each set one function of the configuration.
var hooks = map[string]func(cfg *allauth.Config, u *unreliable){
	"SignupForm": func(cfg *allauth.Config, u *unreliable) {
		cfg.Account.SignupForm = func(context.Context, map[string]json.RawMessage) (map[string]json.RawMessage, error) {
			u.act()
			return nil, nil
		}
	},
	"IsOpenForSignup": func(cfg *allauth.Config, u *unreliable) {
		cfg.Account.IsOpenForSignup = func(context.Context) bool { u.act(); return true }
	},
	"BeforeSignup": func(cfg *allauth.Config, u *unreliable) {
		cfg.Account.BeforeSignup = func(context.Context, *authn.NewUser) error { u.act(); return nil }
	},
	"BeforeLogin": func(cfg *allauth.Config, u *unreliable) {
		cfg.BeforeLogin = func(context.Context, *authn.User, []authn.Method) error { u.act(); return nil }
	},
	"ValidateUsername": func(cfg *allauth.Config, u *unreliable) {
		cfg.Account.ValidateUsername = func(context.Context, string) error { u.act(); return nil }
	},
	"Phone.Validate": func(cfg *allauth.Config, u *unreliable) {
		cfg.Account.Phone.Validate = func(context.Context, string) error { u.act(); return nil }
	},
	"Phone.Normalize": func(cfg *allauth.Config, u *unreliable) {
		cfg.Account.Phone.Normalize = func(_ context.Context, input string) (string, bool) { u.act(); return input, true }
	},
	"UserPayload": func(cfg *allauth.Config, u *unreliable) {
		cfg.Headless.UserPayload = func(context.Context, *authn.User, map[string]any) { u.act() }
	},
	"UserPayload that cannot be encoded": func(cfg *allauth.Config, u *unreliable) {
		cfg.Headless.UserPayload = func(_ context.Context, _ *authn.User, payload map[string]any) { payload["more"] = encodes{u} }
	},
	"Claims": func(cfg *allauth.Config, u *unreliable) {
		_, private, _ := ed25519.GenerateKey(nil)
		cfg.Tokens = &token.Config{Keys: []token.Key{{Private: private}}, Claims: func(context.Context, *authn.User) (map[string]any, error) { u.act(); return nil, nil }}
	},
	"ClientIP": func(cfg *allauth.Config, u *unreliable) {
		cfg.ClientIP = func(*http.Request) netip.Addr { u.act(); return netip.Addr{} }
	},
	"OnEvent": func(cfg *allauth.Config, u *unreliable) {
		cfg.OnEvent = func(context.Context, authn.Event) { u.act() }
	},
	"BreachList": func(cfg *allauth.Config, u *unreliable) { cfg.Account.Password.BreachList = unreliableList{u} },
	"Password.Check": func(cfg *allauth.Config, u *unreliable) {
		cfg.Account.Password.Check = func(context.Context, string, *authn.User) error { u.act(); return nil }
	},
}

// unreliableList is an unreliable list of breached passwords.
type unreliableList struct{ u *unreliable }

func (l unreliableList) Contains(context.Context, string) (bool, error) { l.u.act(); return false, nil }
func (unreliableList) Validate() error                                  { return nil }

// ignored are the hooks whose failure does not fail the request.
var ignored = map[string]bool{"OnEvent": true, "BreachList": true}

// encodes is a value with an encoding of the host.
type encodes struct{ u *unreliable }

// MarshalJSON implements json.Marshaler.
func (e encodes) MarshalJSON() ([]byte, error) { e.u.act(); return []byte(`"more"`), nil }

// startHost starts a server with one unreliable function.
func startHost(t *testing.T, hook string, timeout time.Duration) (*clienttest.Server, *unreliable) {
	t.Helper()
	u := &unreliable{release: make(chan struct{})}
	s := clienttest.StartOn(t, memstore.New(), func(cfg *allauth.Config) {
		cfg.HookTimeout = timeout
		cfg.DisableRateLimits = true
		cfg.Account.EmailVerification = authn.VerificationNone
		cfg.Account.SignupFields = []string{"email*", "username", "phone", "password1*"}
		cfg.Account.Phone = &account.PhoneConfig{VerificationDisabled: true}
		hooks[hook](cfg, u)
	})
	t.Cleanup(func() { close(u.release) })
	return s, u
}

// signUpOnce signs up another user.
func signUpOnce(s *clienttest.Server, n int) *clienttest.Answer {
	return s.Client(clienttest.App).Post("auth/signup", clienttest.Body{
		"email": fmt.Sprintf("ann%d@example.org", n), "username": fmt.Sprintf("ann%d", n),
		"phone": fmt.Sprintf("+3161234%04d", n), "password": clienttest.Password,
	})
}

// After a panic of a function of the host the request fails, unless it does not
// need the result. The log has the panic and the stack.
func TestAHookThatPanics(t *testing.T) {
	t.Parallel()
	for name := range hooks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, u := startHost(t, name, time.Minute)
			u.is("panics")
			want := 500
			if ignored[name] {
				want = 200
			}
			signUpOnce(s, 1).Status(want)
			s.Log.Wait(t, "the host is out of order")
			s.Log.Wait(t, "hooks_test.go")
			u.is("well")
			signUpOnce(s, 2).LoggedIn("ann2@example.org")
		})
	}
}

// A blocked call of a function of the host is abandoned, and blocked calls do not
// pile up.
func TestAHookThatBlocks(t *testing.T) {
	t.Parallel()
	for name := range hooks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, u := startHost(t, name, 20*time.Millisecond)
			u.is("blocks")
			want := 503
			if ignored[name] {
				want = 200
			}
			for n := range 40 {
				signUpOnce(s, n).Status(want)
			}
			if n := u.blocked.Load(); n == 0 || n > 10 {
				t.Errorf("%d calls are blocked", n)
			}
		})
	}
}

// A call that returns late makes room for another one.
func TestAHookThatReturnsLateIsCalledAgain(t *testing.T) {
	t.Parallel()
	s, u := startHost(t, "BeforeSignup", 20*time.Millisecond)
	u.is("blocks")
	for n := range 20 {
		signUpOnce(s, n).Status(503)
	}
	u.is("well")
	signUpOnce(s, 20).Status(503)
	u.release <- struct{}{}
	// The call may still be returning, and on a busy machine a sign-up may take
	// longer than the timeout, too.
	for n := range 1000 {
		if answer := signUpOnce(s, 21+n); answer.StatusCode != 503 {
			answer.LoggedIn(fmt.Sprintf("ann%d@example.org", 21+n))
			return
		}
	}
	t.Error("the function is not called any more")
}

// The client receives the problems of the host's password check, at every
// endpoint that sets a password.
func TestProblemsThatThePasswordCheckFinds(t *testing.T) {
	t.Parallel()
	var none *authn.Error
	for name, c := range map[string]struct {
		err  error
		want []string // with the field's name for %s
	}{
		"one":         {&authn.Error{Code: "too_old", Message: "You had this password before."}, []string{"%s:too_old"}},
		"of a field":  {&authn.Error{Code: "too_old", Param: "secret", Message: "You had this password before."}, []string{"%s:too_old"}},
		"wrapped":     {fmt.Errorf("check: %w", &authn.Error{Code: "too_old"}), []string{"%s:too_old"}},
		"list":        {authn.Errors{{Code: "too_old"}, {Code: "too_plain"}}, []string{"%s:too_old", "%s:too_plain"}},
		"typed nil":   {none, nil},
		"no problems": {authn.Errors{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var refuse atomic.Bool
			s := clienttest.StartOn(t, memstore.New(), func(cfg *allauth.Config) {
				cfg.Account.Password.Check = func(context.Context, string, *authn.User) error {
					if refuse.Load() {
						return c.err
					}
					return nil
				}
			})
			s.OwnProblems = []string{"password:too_old", "new_password:too_old", "password:too_plain", "new_password:too_plain"}
			email := "ann@example.org"
			ann := s.SignUp(clienttest.App, email)
			refuse.Store(true)
			expect := func(a *clienttest.Answer, field string, status int) {
				t.Helper()
				var want []string
				for _, problem := range c.want {
					want = append(want, fmt.Sprintf(problem, field))
				}
				if want == nil {
					a.Status(status)
					return
				}
				a.Problems(want...)
			}
			const other = "another-good-passphrase-7"
			expect(ann.Post("account/password/change", clienttest.Body{"current_password": clienttest.Password, "new_password": other}), "new_password", 200)
			s.Client(clienttest.App).Post("auth/password/request", clienttest.Body{"email": email}).Status(200)
			key := s.MailOf("account/password_reset_key", email).Key()
			expect(s.Client(clienttest.App).Post("auth/password/reset", clienttest.Body{"key": key, "password": other + "8"}), "password", 401)
			expect(s.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": "eve@example.org", "password": other}), "password", 401)
		})
	}
}

// files are templates that the host reads.
type files struct{ act func() }

// Open implements fs.FS.
func (f files) Open(string) (fs.File, error) { f.act(); return nil, fs.ErrNotExist }

// Templates of the host block neither New nor a request.
func TestTemplatesThatFail(t *testing.T) {
	t.Parallel()
	text := func(text string) fs.FS {
		return fstest.MapFS{"account/email_confirmation.txt": {Data: []byte(text)}}
	}
	for name, c := range map[string]struct {
		templates fs.FS
		want      string
	}{
		"panics":      {files{func() { panic("no disk") }}, "Templates: reading: the function panicked"},
		"without end": {text("{{range 100000000}}more and more{{end}}"), "longer than"},
		"into itself": {text(`{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`), "email_confirmation.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := newWith(c.templates); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("New: %v", err)
			}
		})
	}
	t.Run("blocks", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			if err := newWith(files{func() { <-release }}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Templates") {
				t.Errorf("New: %v", err)
			}
			close(release)
		})
	})
}

func newWith(templates fs.FS) error {
	_, err := allauth.New(allauth.Config{
		BaseURL: "https://example.com", Secrets: [][]byte{clienttest.Secret}, Templates: templates,
		Mailer: notify.SMTP{Addr: "localhost:25", From: "app@example.com"}, Logger: slog.New(slog.DiscardHandler),
	}, memstore.New())
	return err
}

// broken is a store of users that panics.
type broken struct {
	*memstore.Store
	u *unreliable
}

func (b broken) UserByID(ctx context.Context, id string) (*authn.User, error) {
	b.u.act()
	return b.Store.UserByID(ctx, id)
}

// A panic of the host's store is an error of the server, in the API and in the
// middleware.
func TestAStoreThatPanics(t *testing.T) {
	t.Parallel()
	u := &unreliable{}
	s := clienttest.StartOn(t, broken{memstore.New(), u})
	ann := s.SignUp(clienttest.App, "ann@example.org")
	mine := s.Auth.Middleware(s.Auth.RequireLogin(http.NotFoundHandler()))
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	r.Header.Set("X-Session-Token", ann.Token)
	u.is("panics")
	ann.Get("auth/session").Status(500)
	s.Log.Wait(t, "the host is out of order")
	w := httptest.NewRecorder()
	mine.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("behind the middleware: status %d", w.Code)
	}
	s.Log.Wait(t, "the host is out of order")
	u.is("well")
	ann.Get("auth/session").LoggedIn("ann@example.org")
}
