package account_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// withoutToken returns status and body of a response without its session token.
func withoutToken(a *clienttest.Answer) string {
	if meta, ok := a.JSON["meta"].(map[string]any); ok {
		delete(meta, "session_token")
	}
	text, _ := json.Marshal(a.JSON) // decoded JSON can be encoded
	return string(text)
}

// The responses for known and unknown accounts are equal: status and body of
// each, and the number of responses until the flow ends.
func TestUnknownAccountsLookLikeKnownOnes(t *testing.T) {
	t.Parallel()
	steps := map[string]func(c *clienttest.Client, email string) []*clienttest.Answer{
		"sign-up": func(c *clienttest.Client, email string) []*clienttest.Answer {
			answers := []*clienttest.Answer{c.Post("auth/signup", body{"email": email, "password": password})}
			return append(answers, guess(c, "auth/email/verify", "key")...)
		},
		"login": func(c *clienttest.Client, email string) []*clienttest.Answer {
			return []*clienttest.Answer{c.Post("auth/login", body{"email": email, "password": "wrong-wrong-1"})}
		},
		"login code": func(c *clienttest.Client, email string) []*clienttest.Answer {
			answers := []*clienttest.Answer{c.Post("auth/code/request", body{"email": email}), c.Post("auth/code/resend", nil)}
			return append(answers, guess(c, "auth/code/confirm", "code")...)
		},
		"reset": func(c *clienttest.Client, email string) []*clienttest.Answer {
			answers := []*clienttest.Answer{c.Post("auth/password/request", body{"email": email})}
			return append(answers, guess(c, "auth/password/reset", "key")...)
		},
	}
	for mode, edit := range map[string]func(cfg *allauth.Config){"codes": withCodes, "links": func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: account.CodeConfig{Resends: 2}}
	}} {
		for name, step := range steps {
			t.Run(mode+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := clienttest.Start(t, edit)
				s.SignUp(clienttest.App, "known@example.org")
				s.Clock.Advance(clienttest.NextLink)
				known, unknown := step(s.Client(clienttest.App), "known@example.org"), step(s.Client(clienttest.App), "unknown@example.org")
				for i := range known {
					if a, b := withoutToken(known[i]), withoutToken(unknown[i]); known[i].StatusCode != unknown[i].StatusCode || a != b {
						t.Errorf("answer %d: known %d %s, unknown %d %s", i+1, known[i].StatusCode, a, unknown[i].StatusCode, b)
					}
					if a, b := len(known[i].Response.Header), len(unknown[i].Response.Header); a != b {
						t.Errorf("answer %d: %d headers for known, %d for unknown", i+1, a, b)
					}
				}
			})
		}
	}
}

// guess tries a wrong code five times and then requests the session.
func guess(c *clienttest.Client, endpoint, param string) []*clienttest.Answer {
	var answers []*clienttest.Answer
	for range 5 {
		answers = append(answers, c.Post(endpoint, body{param: "BBBB-BBBB", "password": "Another-1-horse"}))
	}
	return append(answers, c.Get("auth/session"))
}

// A flow that starts in another session does not end the one here, or ends it for
// known and unknown accounts alike.
func TestASecondSessionTellsNothing(t *testing.T) {
	t.Parallel()
	for endpoint, flow := range map[string]string{"auth/password/request": "password_reset_by_code", "auth/code/request": "login_by_code"} {
		for _, email := range []string{"known@example.org", "unknown@example.org"} {
			t.Run(flow+"/"+email, func(t *testing.T) {
				t.Parallel()
				s := clienttest.Start(t, withCodes)
				s.SignUp(clienttest.App, "known@example.org")
				here := s.Client(clienttest.App)
				here.Post(endpoint, body{"email": email}).Status(401).Pending(flow)
				s.Client(clienttest.App).Post(endpoint, body{"email": email}).Status(401).Pending(flow)
				here.Get("auth/session").Status(401).Pending(flow)
			})
		}
	}
}

func TestTheOwnerOfATakenAddressIsTold(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	s.Clock.Advance(clienttest.NextLink)
	s.Client(clienttest.App).Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401)
	if kind := s.Mail("ann@example.org").Kind; kind != "account/account_already_exists" {
		t.Errorf("the owner got %q", kind)
	}
	s.Client(clienttest.App).Post("auth/password/request", body{"email": "unknown@example.org"}).Status(200)
	if kind := s.Mail("unknown@example.org").Kind; kind != "account/unknown_account" {
		t.Errorf("an unknown address got %q", kind)
	}
}

func TestEnumerationCanBeAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.Enumeration = account.AllowEnumeration })
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Problems("email:email_taken")
	c.Post("auth/password/request", body{"email": "unknown@example.org"}).Problems("email:unknown_email")
}

// With AllowEnumeration, the number of questions is limited.
func TestResetsOfUnknownAddressesAreLimited(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.DisableRateLimits = false
		cfg.RateLimits = map[string]string{"reset_password": "2/m/ip"}
		cfg.Account.Enumeration = account.AllowEnumeration
	})
	c := s.Client(clienttest.App)
	for range 2 {
		c.Post("auth/password/request", body{"email": "unknown@example.org"}).Problems("email:unknown_email")
	}
	c.Post("auth/password/request", body{"email": "unknown@example.org"}).Status(429)
}

// A refusal to send the link again too soon would tell that one was sent.
func TestResendingTellsNoTakenAddress(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, "bob@example.org")
	ann := s.SignUp(clienttest.App, "ann@example.org")
	s.Clock.Advance(4 * time.Minute)
	for _, email := range []string{"bob@example.org", "unknown@example.org"} {
		ann.Post("account/email", body{"email": email}).Status(200)
		ann.Put("account/email", body{"email": email}).Status(403)
	}
}

// A sign-up charges the same counter whether or not the address is taken.
func TestSigningUpTellsNoTakenAddressLater(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, "bob@example.org")
	ann := s.SignUp(clienttest.App, "ann@example.org")
	s.Clock.Advance(3 * time.Minute)
	for _, email := range []string{"bob@example.org", "unknown@example.org"} {
		s.Client(clienttest.App).Post("auth/signup", body{"email": email, "password": password}).Status(401)
	}
	s.Clock.Advance(100 * time.Second)
	for _, email := range []string{"bob@example.org", "unknown@example.org"} {
		ann.Post("account/email", body{"email": email}).Status(200)
	}
	s.Clock.Advance(100 * time.Second)
	for _, email := range []string{"bob@example.org", "unknown@example.org"} {
		ann.Put("account/email", body{"email": email}).Status(200)
	}
}

// Corrections of an awaited contact are counted whether or not it has an account.
func TestCorrectingTellsNoTakenAddress(t *testing.T) {
	t.Parallel()
	for field, edit := range map[string]func(cfg *allauth.Config){
		"email": func(cfg *allauth.Config) {
			withCodes(cfg)
			cfg.RateLimits = map[string]string{"confirm_email": "", "manage_email": "1/m/user"}
		},
		"phone": func(cfg *allauth.Config) {
			withPhone(cfg)
			cfg.RateLimits = map[string]string{"verify_phone": ""}
		},
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, edit)
			names := map[string][]string{
				"email": {"ann@example.org", "new@example.org", "other@example.org", "another@example.org"},
				"phone": {"+31201234567", "+31201234568", "+31201234569", "+31201234560"},
			}[field]
			walk := func(name string, others ...string) (answers []string) {
				c := s.Client(clienttest.App)
				answers = append(answers, withoutToken(c.Post("auth/signup", body{field: name, "password": password}).Status(401)))
				for _, other := range others {
					answers = append(answers, strings.ReplaceAll(withoutToken(c.Post("account/"+field, body{field: other})), other, "OTHER"))
				}
				return answers
			}
			s.Client(clienttest.App).Post("auth/signup", body{field: names[0], "password": password}).Status(401)
			taken, free := walk(names[0], names[2], names[3]), walk(names[1], names[2], names[3])
			if !slices.Equal(taken, free) {
				t.Errorf("taken:\n%s\nfree:\n%s", strings.Join(taken, "\n"), strings.Join(free, "\n"))
			}
			if last := free[len(free)-1]; last != `{"status":429}` {
				t.Errorf("the second correction answers %s", last)
			}
		})
	}
}

// A host that refuses sign-ups refuses them whether or not there is an account.
func TestAVetoedSignUpTellsNoTakenAddress(t *testing.T) {
	t.Parallel()
	var closed atomic.Bool
	s := start(t, func(cfg *account.Config) {
		cfg.BeforeSignup = func(context.Context, *authn.NewUser) error {
			if !closed.Load() {
				return nil
			}
			return &authn.Error{Code: "not_now", Message: "Not now."}
		}
	})
	s.OwnProblems = []string{"not_now"}
	s.SignUp(clienttest.App, "ann@example.org")
	closed.Store(true)
	for _, email := range []string{"ann@example.org", "new@example.org"} {
		s.Client(clienttest.App).Post("auth/signup", body{"email": email, "password": password}).Problems("not_now")
	}
}

// A user who signs up again with a number is told by text message, as often as
// login codes may be sent to it.
func TestSigningUpAgainByPhoneWhereACodeIsRequired(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByPhone}
		cfg.Account.SignupFields = []string{"phone*", "password1*"}
		cfg.Account.LoginByCode.Required = true
	})
	again := body{"phone": "+31201234567", "password": password}
	first := s.Client(clienttest.App).Post("auth/signup", again).Status(401).Pending("login_by_code")
	s.Text("+31201234567")
	second := s.Client(clienttest.App).Post("auth/signup", again).Status(401)
	if withoutToken(first) != withoutToken(second) {
		t.Errorf("the first one answers %s, the second one %s", first.Text, second.Text)
	}
	if kind := s.Text("+31201234567").Kind; kind != "account_already_exists" {
		t.Errorf("the owner got %q", kind)
	}
	s.Client(clienttest.App).Post("auth/signup", again).Status(401)
	s.Client(clienttest.App).Post("auth/signup", again).Status(429)
}
