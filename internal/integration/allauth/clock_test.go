package allauth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/sessions/token"
)

// A clock that is set back must not lock a user out, or prolong what is valid for
// a short time.

const (
	owner = "ann@example.org"
	hour  = time.Hour
)

func limited(cfg *allauth.Config) { cfg.DisableRateLimits = false }

func TestAClockSetBackOpensEveryLimitInTime(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, limited, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	})
	s.SignUp(clienttest.App, owner)
	s.Clock.Advance(hour)
	login := clienttest.Body{"email": owner, "password": clienttest.Password}
	wrong := clienttest.Body{"email": owner, "password": "not " + clienttest.Password}
	fill := func() {
		for range 5 {
			s.Client(clienttest.App).Post("auth/login", wrong).Problems("password:email_password_mismatch")
		}
		s.Client(clienttest.App).Post("auth/login", login).Problems("too_many_login_attempts")
	}
	requestCodes := func() {
		for range 3 {
			s.Client(clienttest.App).Post("auth/code/request", clienttest.Body{"email": owner}).Status(401)
		}
		s.Client(clienttest.App).Post("auth/code/request", clienttest.Body{"email": owner}).Problems("email:too_many_login_attempts")
	}
	for name, back := range map[string]time.Duration{"by minutes": 10 * time.Minute, "by an hour": hour, "by a year": 365 * 24 * hour} {
		fill()
		requestCodes()
		s.Clock.Advance(5*time.Minute - back) // as long as the window of failed logins
		answer := s.Client(clienttest.App).Post("auth/login", login)
		if answer.StatusCode != 200 {
			t.Errorf("%s: login: %s", name, answer.Text)
		}
		answer = s.Client(clienttest.App).Post("auth/code/request", clienttest.Body{"email": owner})
		if answer.StatusCode != 401 {
			t.Errorf("%s: code request: %s", name, answer.Text)
		}
		s.Clock.Advance(back + hour)
		fill() // attempts count after that, too
		s.Clock.Advance(hour)
	}
}

// After the clock was set back, the newest session looks like the oldest.
func TestAClockSetBackEndsNoNewSession(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.Sessions.MaxPerUser = 2 })
		s.SignUp(kind, owner)
		s.Clock.Advance(time.Minute)
		s.LogIn(kind, owner)
		s.Clock.Advance(-hour)
		c := s.LogIn(kind, owner)
		c.Get("auth/session").LoggedIn(owner)
		if list, _ := c.Get("auth/sessions").JSON["data"].([]any); len(list) != 2 {
			t.Errorf("%d sessions, want 2", len(list))
		}
		s.Clock.Advance(time.Minute)
		c.Get("auth/session").LoggedIn(owner)
	})
}

func TestAClockSetBackKeepsNoProofRecent(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	c := s.SignUp(clienttest.App, owner)
	second := clienttest.Body{"email": "second@example.org"}
	s.Clock.Advance(-hour)
	c.Post("account/email", second).Status(401)
	c.Post("auth/reauthenticate", clienttest.Body{"password": clienttest.Password}).Status(200)
	c.Post("account/email", second).Status(200)
	s.Clock.Advance(6 * time.Minute)
	c.Post("account/email", clienttest.Body{"email": "third@example.org"}).Status(401)
}

func TestAClockSetBackHidesNoReplayOfARefreshToken(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.Tokens = &token.Config{Keys: []token.Key{{Private: key}}} })
	c := s.SignUp(clienttest.App, owner)
	stolen := clienttest.Body{"refresh_token": c.RefreshToken}
	next := c.Post("tokens/refresh", stolen).Status(200).Value("data", "refresh_token")
	s.Clock.Advance(-hour)
	c.Post("tokens/refresh", clienttest.Body{"refresh_token": next}).Status(200)
	c.Post("tokens/refresh", stolen).Status(400)
	c.Get("auth/session").Status(410) // a replay ends the session
}
