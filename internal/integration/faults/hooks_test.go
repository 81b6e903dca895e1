package faults_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// host is an application whose functions use its database.
type host struct {
	// use uses the database, with a connection of its own.
	use func(ctx context.Context) error

	mu     sync.Mutex
	called map[string]int
	failed []string
}

// call records the call of a function, and uses the database.
func (h *host) call(ctx context.Context, name string) {
	err := h.use(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.called[name]++
	if err != nil {
		h.failed = append(h.failed, fmt.Sprintf("%s: %v", name, err))
	}
}

// hostList is a list of breached passwords of the host.
type hostList struct{ h *host }

func (l hostList) Contains(ctx context.Context, _ string) (bool, error) {
	l.h.call(ctx, "BreachList")
	return false, nil
}

func (hostList) Validate() error { return nil }

// hook sets every function of the configuration.
func (h *host) hook(cfg *allauth.Config) {
	cfg.HookTimeout = 2 * time.Second
	cfg.Mailer = hostMailer{cfg.Mailer, h}
	cfg.OnEvent = func(ctx context.Context, _ authn.Event) { h.call(ctx, "OnEvent") }
	cfg.ClientIP = func(r *http.Request) netip.Addr { h.call(r.Context(), "ClientIP"); return netip.Addr{} }
	cfg.Headless.UserPayload = func(ctx context.Context, _ *authn.User, _ map[string]any) { h.call(ctx, "UserPayload") }
	cfg.Account.SignupForm = func(ctx context.Context, _ map[string]json.RawMessage) (map[string]json.RawMessage, error) {
		h.call(ctx, "SignupForm")
		return nil, nil
	}
	cfg.Account.IsOpenForSignup = func(ctx context.Context) bool { h.call(ctx, "IsOpenForSignup"); return true }
	cfg.Account.BeforeSignup = func(ctx context.Context, _ *authn.NewUser) error { h.call(ctx, "BeforeSignup"); return nil }
	cfg.BeforeLogin = func(ctx context.Context, _ *authn.User, _ []authn.Method) error {
		h.call(ctx, "BeforeLogin")
		return nil
	}
	cfg.Account.ValidateUsername = func(ctx context.Context, _ string) error { h.call(ctx, "ValidateUsername"); return nil }
	cfg.Account.Password.BreachList = hostList{h}
	cfg.Account.Password.Check = func(ctx context.Context, _ string, _ *authn.User) error { h.call(ctx, "Check"); return nil }
	if phone := cfg.Account.Phone; phone != nil {
		phone.Normalize = func(ctx context.Context, input string) (string, bool) { h.call(ctx, "Normalize"); return input, true }
		phone.Validate = func(ctx context.Context, _ string) error { h.call(ctx, "Validate"); return nil }
	}
	if cfg.Tokens != nil {
		cfg.Tokens.Claims = func(ctx context.Context, _ *authn.User) (map[string]any, error) {
			h.call(ctx, "Claims")
			return map[string]any{"more": true}, nil
		}
	}
	if cfg.MFA != nil && cfg.MFA.RequiredFor != nil {
		cfg.MFA.RequiredFor = func(ctx context.Context, _ *authn.User) (bool, error) { h.call(ctx, "RequiredFor"); return true, nil }
	}
	if social := cfg.SocialAccount; social != nil {
		social.StoreTokens = true
		social.Custom = []provider.Provider{hostProvider{h}}
		social.PopulateUser = func(ctx context.Context, _ *authn.NewUser, _ string, _ *provider.Identity) error {
			h.call(ctx, "PopulateUser")
			return nil
		}
		social.ExtraData = func(ctx context.Context, _ string, profile map[string]any) map[string]any {
			h.call(ctx, "ExtraData")
			return profile
		}
		social.AuthenticateByEmail = func(ctx context.Context, _, _, _ string, _ *provider.Identity) (bool, error) {
			h.call(ctx, "AuthenticateByEmail")
			return true, nil
		}
		social.BeforeLogin = func(ctx context.Context, _, _ string, _ *provider.Identity) error {
			h.call(ctx, "SocialAccount.BeforeLogin")
			return nil
		}
	}
}

// hostMailer is a mailer of the host.
type hostMailer struct {
	notify.Mailer
	h *host
}

func (m hostMailer) Send(ctx context.Context, message notify.Message) error {
	m.h.call(ctx, "Mailer")
	return m.Mailer.Send(ctx, message)
}

// hostProvider is a provider of the host whose tokens are addresses.
type hostProvider struct{ h *host }

func (hostProvider) Info() provider.Info {
	return provider.Info{ID: "host", Class: "host", Name: "Host", Token: true}
}

func (hostProvider) AuthCodeURL(context.Context, provider.Authorization) (string, error) {
	return "", provider.ErrUnavailable
}

func (hostProvider) Exchange(context.Context, provider.Callback) (*provider.Identity, error) {
	return nil, provider.ErrUnavailable
}

func (p hostProvider) VerifyToken(ctx context.Context, t provider.Tokens) (*provider.Identity, error) {
	p.h.call(ctx, "VerifyToken")
	return &provider.Identity{UID: t.AccessToken, Emails: []provider.Email{{Address: t.AccessToken, Verified: true}}}, nil
}

func (hostProvider) Refresh(context.Context, *oauth2.Token) (*oauth2.Token, error) {
	return nil, provider.ErrTokenUnsupported
}

// hostWays are requests with hooks of their own.
var hostWays = append([]way{
	{"sign-up with a username", 401, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.Client(app)
		return c, func() *clienttest.Answer {
			return c.Post("auth/signup", body{"email": email(n), "username": fmt.Sprint("ann", n), "password": password})
		}
	}},
	{"sign-up through a provider of the host", 200, providers, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.Client(app)
		return c, func() *clienttest.Answer {
			return c.Post("auth/provider/token", body{"provider": "host", "process": "login", "token": body{"access_token": email(n)}})
		}
	}},
	{"login by the address of an account at a provider of the host", 200, providers, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.SignUp(app, email(n))
		c := s.Client(app)
		return c, func() *clienttest.Answer {
			return c.Post("auth/provider/token", body{"provider": "host", "process": "login", "token": body{"access_token": email(n)}})
		}
	}},
}, ways...)

// Functions of the host use its database while no transaction of a request is
// open: they get a connection even if the pool has only that of the request, and
// wait for no lock.
func TestFunctionsOfTheHostUseTheDatabase(t *testing.T) {
	t.Parallel()
	called := map[string]int{}
	var mu sync.Mutex
	t.Run("ways", func(t *testing.T) {
		for _, w := range hostWays {
			for kind, open := range map[string]func(s *site, h *host) storage.Store{"sql": onePool, "memory": oneLock} {
				t.Run(w.name+", "+kind, func(t *testing.T) {
					t.Parallel()
					h := &host{called: map[string]int{}}
					s := startSiteOn(t, func(s *site) storage.Store { return open(s, h) }, append(w.edits(), func(_ *site, cfg *allauth.Config) {
						if w.name == "sign-up with a username" {
							cfg.Account.SignupFields = []string{"email*", "username*", "password1*"}
						}
						h.hook(cfg)
					})...)
					_, send := w.prepare(s, 0)
					send().Status(w.status)
					h.mu.Lock()
					defer h.mu.Unlock()
					for _, failure := range h.failed {
						t.Error(failure)
					}
					mu.Lock()
					defer mu.Unlock()
					for name, n := range h.called {
						called[name] += n
					}
				})
			}
		}
	})
	for _, name := range []string{
		"Mailer", "OnEvent", "ClientIP", "UserPayload", "SignupForm", "IsOpenForSignup", "BeforeSignup", "BeforeLogin", "ValidateUsername", "BreachList", "Check",
		"Normalize", "Validate", "Claims", "PopulateUser", "ExtraData", "SocialAccount.BeforeLogin", "VerifyToken", "AuthenticateByEmail", "RequiredFor",
	} {
		if called[name] == 0 {
			t.Errorf("%s was never called", name)
		}
	}
}

// onePool gives the host the library's pool, with one connection.
func onePool(s *site, h *host) storage.Store {
	s.store.DB.SetMaxOpenConns(1)
	h.use = func(ctx context.Context) error {
		var one int
		return s.store.DB.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	}
	return s.store
}

// oneLock gives the host a store whose transactions run one after the other.
func oneLock(_ *site, h *host) storage.Store {
	store := memstore.New()
	h.use = func(context.Context) error {
		done := make(chan error, 1)
		go func() {
			_, err := store.CreateUser(context.Background(), authn.NewUser{})
			done <- err
		}()
		select {
		case err := <-done:
			return err
		case <-time.After(time.Second):
			return errors.New("the store is locked")
		}
	}
	return store
}

// If the host refuses a login, what came before it is stored and published.
func TestRefusedLoginLosesNothing(t *testing.T) {
	t.Parallel()
	for name, hookErr := range map[string]error{"refused": &authn.Error{Code: "suspended", Message: "Suspended."}, "failed": sql.ErrConnDone} {
		for _, w := range ways {
			if w.name != "sign-up through a provider" && w.name != "sign-up with optional verification" {
				continue
			}
			t.Run(w.name+", "+name, func(t *testing.T) {
				t.Parallel()
				s := startSite(t, storage.Parts{}, append(w.edits(), func(_ *site, cfg *allauth.Config) {
					cfg.BeforeLogin = func(context.Context, *authn.User, []authn.Method) error { return hookErr }
				})...)
				s.OwnProblems = []string{"suspended"}
				c := s.Client(app)
				if s.op != nil {
					s.fromProvider(c, 0)
				} else {
					c.Post("auth/signup", body{"email": email(0), "password": password})
				}
				var users int
				if err := s.store.DB.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM allauth_users").Scan(&users); err != nil {
					t.Fatal(err)
				}
				if events := s.takeEvents(); users != 1 || !slices.Contains(events, "account.user_signed_up") || slices.Contains(events, "account.user_logged_in") {
					t.Errorf("%d users, events %v", users, events)
				}
			})
		}
	}
}

// A hook does not lose a mail: what was counted before the hook is counted once.
func TestAskingTheHostLosesNoMail(t *testing.T) {
	t.Parallel()
	s := clienttest.StartOn(t, memstore.New(), func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationOptional
		cfg.BeforeLogin = func(context.Context, *authn.User, []authn.Method) error { return nil }
	})
	s.Client(app).Post("auth/signup", body{"email": email(0), "password": password}).LoggedIn(email(0))
	s.Mail(email(0))
}
