package storage_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// onEach runs a test with one server on every available backend. Limits are off,
// as the rules of the account are tested.
func onEach(t *testing.T, test func(t *testing.T, s *clienttest.Server), edit ...func(cfg *allauth.Config)) {
	t.Helper()
	t.Parallel()
	edit = append(edit, func(cfg *allauth.Config) { cfg.DisableRateLimits = true })
	for _, b := range backends(t) {
		t.Run(b.name, func(t *testing.T) { test(t, clienttest.StartOn(t, b.connect(t), edit...)) })
	}
}

const ann = "ann@example.org"

// clones returns n clients of one session.
func clones(c *clienttest.Client, n int) []*clienttest.Client {
	list := make([]*clienttest.Client, n)
	for i := range list {
		list[i] = c.Clone()
	}
	return list
}

// Of 30 concurrent changes of one password exactly the one that is answered with
// 200 logs in, in one session and in as many.
func TestParallelPasswordChanges(t *testing.T) {
	onEach(t, func(t *testing.T, s *clienttest.Server) {
		current := clienttest.Password
		logIn := func() *clienttest.Client {
			c := s.Client(clienttest.App)
			c.Post("auth/login", clienttest.Body{"email": ann, "password": current}).LoggedIn(ann)
			return c
		}
		s.SignUp(clienttest.App, ann)
		for round := range 2 {
			clients := clones(logIn(), 30)
			for i := range clients {
				if round == 1 {
					clients[i] = logIn()
				}
			}
			answered := make([]bool, len(clients))
			password := func(i int) string { return fmt.Sprintf("%s-%d-%d", clienttest.Password, round, i) }
			clienttest.Parallel(len(clients), func(i int) {
				answered[i] = clients[i].Post("account/password/change",
					clienttest.Body{"current_password": current, "new_password": password(i)}).StatusCode == http.StatusOK
			})
			won := 0
			for i, ok := range answered {
				status := s.Client(clienttest.App).Post("auth/login", clienttest.Body{"email": ann, "password": password(i)}).StatusCode
				if ok != (status == http.StatusOK) {
					t.Errorf("round %d, change %d: answered 200: %v, its password logs in with %d", round, i, ok, status)
				}
				if ok {
					won++
					current = password(i)
				}
			}
			if won != 1 {
				t.Fatalf("round %d: %d changes were answered with 200", round, won)
			}
		}
	})
}

// 40 concurrent requests add addresses: there are no more than allowed.
func TestParallelAddresses(t *testing.T) {
	onEach(t, func(t *testing.T, s *clienttest.Server) {
		clients := clones(s.SignUp(clienttest.App, ann), 40)
		var added atomic.Int64
		clienttest.Parallel(len(clients), func(i int) {
			if clients[i].Post("account/email", clienttest.Body{"email": fmt.Sprintf("ann%d@example.org", i)}).StatusCode == http.StatusOK {
				added.Add(1)
			}
		})
		list, _ := clients[0].Get("account/email").Status(200).JSON["data"].([]any)
		if added.Load() != 4 || len(list) != 5 {
			t.Errorf("%d were added, there are %d, want 4 and 5", added.Load(), len(list))
		}
	}, func(cfg *allauth.Config) { cfg.Account.MaxEmailAddresses = 5 })
}

// An authenticator and an unverified address exclude each other.
func TestParallelAppAndAddress(t *testing.T) {
	onEach(t, func(t *testing.T, s *clienttest.Server) {
		for round := range 6 {
			email := fmt.Sprintf("owner%d@example.org", round)
			c := s.SignUp(clienttest.App, email)
			secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
			code, err := totp.GenerateCode(secret, s.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			clients := clones(c, 2)
			var done atomic.Int64
			clienttest.Parallel(2, func(i int) {
				answer := func() *clienttest.Answer {
					if i == 0 {
						return clients[i].Post("account/email", clienttest.Body{"email": "second" + email})
					}
					return clients[i].Post("account/authenticators/totp", clienttest.Body{"code": code})
				}()
				if answer.StatusCode == http.StatusOK {
					done.Add(1)
				}
			})
			if done.Load() != 1 {
				t.Errorf("%d of an address and an app were added", done.Load())
			}
		}
	}, func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} })
}

// Of addresses that are removed and made primary concurrently the primary one
// stays.
func TestParallelPrimaryAndRemoval(t *testing.T) {
	onEach(t, func(t *testing.T, s *clienttest.Server) {
		for round := range 6 {
			email := fmt.Sprintf("owner%d@example.org", round)
			second := "second" + email
			c := s.SignUp(clienttest.App, email)
			c.Post("account/email", clienttest.Body{"email": second}).Status(200)
			c.Post("auth/email/verify", clienttest.Body{"key": s.MailOf("account/email_confirmation", second).Key()}).Status(200)
			clients := clones(c, 2)
			clienttest.Parallel(2, func(i int) {
				if i == 0 {
					clients[i].Patch("account/email", clienttest.Body{"email": second, "primary": true})
				} else {
					clients[i].Delete("account/email", clienttest.Body{"email": second})
				}
			})
			primary := 0
			list, _ := c.Get("account/email").Status(200).JSON["data"].([]any)
			for _, item := range list {
				if member, _ := item.(map[string]any); member["primary"] == true {
					primary++
				}
			}
			if primary != 1 {
				t.Errorf("%d primary addresses of %d", primary, len(list))
			}
		}
	})
}

// After 20 concurrent logins the user has the maximum number of sessions.
func TestParallelLoginsKeepTheirNumber(t *testing.T) {
	onEach(t, func(t *testing.T, s *clienttest.Server) {
		s.SignUp(clienttest.App, ann)
		s.Clock.Advance(time.Second)
		clients := make([]*clienttest.Client, 20)
		for i := range clients {
			clients[i] = s.Client(clienttest.App)
		}
		clienttest.Parallel(len(clients), func(i int) {
			clients[i].Post("auth/login", clienttest.Body{"email": ann, "password": clienttest.Password}).LoggedIn(ann)
		})
		live := 0
		for _, c := range clients {
			if c.Get("auth/session").StatusCode == http.StatusOK {
				live++
			}
		}
		if live != 3 {
			t.Errorf("%d sessions live, want 3", live)
		}
	}, func(cfg *allauth.Config) { cfg.Sessions.MaxPerUser = 3 })
}
