package allauth_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

func confirm(c *clienttest.Client, code string) *clienttest.Answer {
	return c.Post("auth/code/confirm", clienttest.Body{"code": code})
}

// askForCode requests a code that reauthenticates the user, and returns it.
func askForCode(s *clienttest.Server, c *clienttest.Client, email string) string {
	c.Post("auth/code/request", clienttest.Body{}).Status(401).Pending("login_by_code")
	return s.MailOf("account/reauthentication_code", email).Code()
}

func mustNotBeRecent(t *testing.T, c *clienttest.Client) {
	t.Helper()
	if flows := c.Post("account/password/change", firstPassword).Status(401).Flows(); !slices.Equal(flows, []string{"login_by_code"}) {
		t.Errorf("flows: %v", flows)
	}
}

// After the last attempt the right code is refused, and a new one has to be
// requested. The host gets an event for each wrong code.
func TestWrongCodesUseUpAReauthenticationCode(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		var mu sync.Mutex
		var rejected []account.CodeRejected
		s := clienttest.Start(t, passwordless, func(cfg *allauth.Config) {
			cfg.OnEvent = func(_ context.Context, e authn.Event) {
				if one, ok := e.Details.(account.CodeRejected); ok {
					mu.Lock()
					defer mu.Unlock()
					rejected = append(rejected, one)
				}
			}
		})
		c := byCodeOnly(t, s, kind, "email", owner)
		code := askForCode(s, c, owner)
		confirm(c, "0").Problems("code:incorrect_code") // of the wrong shape: not counted
		for range 3 {
			confirm(c, "BBBB-BBBB").Problems("code:incorrect_code")
		}
		confirm(c, code).Status(409)
		mustNotBeRecent(t, c)
		c.Get("auth/session").Status(200)
		confirm(c, askForCode(s, c, owner)).Status(200)
		mu.Lock()
		defer mu.Unlock()
		if len(rejected) != 3 || rejected[0].Purpose != "reauthentication_code" || rejected[1].Last || !rejected[2].Last {
			t.Errorf("events: %+v", rejected)
		}
	})
}

// A code expires, is replaced by a newer one, and can be resent as often as a
// login code. The session continues.
func TestAReauthenticationCodeExpires(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, passwordless)
		c := byCodeOnly(t, s, kind, "email", owner)
		code := askForCode(s, c, owner)
		s.Clock.Advance(3*time.Minute + time.Second)
		confirm(c, code).Status(409)
		c.Post("auth/code/resend", nil).Status(409)
		mustNotBeRecent(t, c)

		older := askForCode(s, c, owner)
		newer := askForCode(s, c, owner)
		confirm(c, older).Problems("code:incorrect_code")
		c.Post("auth/code/resend", nil).Status(200)
		c.Post("auth/code/resend", nil).Status(409)
		confirm(c, newer).Problems("code:incorrect_code")
		confirm(c, s.MailOf("account/reauthentication_code", owner).Code()).Status(200)
		c.Get("auth/session").Status(200)
	})
}

// The limits on codes count login codes and these codes together, per address.
func TestReauthenticationCodesAreLimited(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, passwordless)
	c := byCodeOnly(t, s, clienttest.App, "email", owner)
	for range 3 {
		askForCode(s, c, owner)
	}
	c.Post("auth/code/request", clienttest.Body{}).Problems("email:too_many_login_attempts")
	s.Client(clienttest.App).Post("auth/code/request", clienttest.Body{"email": owner}).Problems("email:too_many_login_attempts")
	s.Clock.Advance(time.Minute)
	askForCode(s, c, owner)
}

// A code is valid only for its purpose, in the session that requested it.
func TestACodeCountsOnlyForItsPurpose(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, passwordless)
		c := byCodeOnly(t, s, kind, "email", owner)
		eve := byCodeOnly(t, s, kind, "email", "eve@example.org")
		code := askForCode(s, c, owner)

		// A reauthentication code logs no client in,
		other := s.Client(kind)
		other.Post("auth/code/request", clienttest.Body{"email": owner}).Status(401).Pending("login_by_code")
		login := s.MailOf("account/login_code", owner).Code()
		confirm(other, code).Problems("code:incorrect_code")
		confirm(s.Client(kind), code).Status(409)

		// a login code reauthenticates no session, neither the owner's nor another one,
		confirm(c, login).Problems("code:incorrect_code")
		confirm(eve, login).Status(409)
		askForCode(s, eve, "eve@example.org")
		confirm(eve, login).Problems("code:incorrect_code")

		// and a reauthentication code reauthenticates no other session, not even
		// one of the same user.
		confirm(eve, code).Problems("code:incorrect_code")
		mustNotBeRecent(t, eve)
		mustNotBeRecent(t, c)
		confirm(other, login).Status(200)
		confirm(other, code).Status(409)
		confirm(c, code).Status(200)
	})
}

// Of concurrent attempts with the right code one reauthenticates the user, and
// the others do not undo that.
func TestAReauthenticationCodeCountsOnce(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, passwordless, clienttest.Unlimited)
		c := byCodeOnly(t, s, kind, "email", owner)
		code := askForCode(s, c, owner)
		clients := make([]*clienttest.Client, 32)
		for i := range clients {
			clients[i] = c.Clone()
		}
		var won atomic.Int64
		clienttest.Parallel(len(clients), func(i int) {
			switch answer := confirm(clients[i], code); answer.StatusCode {
			case 200:
				won.Add(1)
			case 409:
			default:
				t.Errorf("%d: %s", answer.StatusCode, answer.Text)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d attempts won", won.Load())
		}
		methods, _ := c.Get("auth/session").Status(200).Value("data", "methods").([]any)
		proofs := 0
		for _, method := range methods {
			if m, _ := method.(map[string]any); m["reauthenticated"] == true {
				proofs++
			}
		}
		if proofs != 1 {
			t.Errorf("%d proofs: %v", proofs, methods)
		}
		c.Post("account/password/change", firstPassword).Status(200)
	})
}

// If a session is ended while a request for a code, or with one, is under way,
// the request gets no code and does not log in.
func TestACodeReauthenticatesNoEndedSession(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		store := &clienttest.Interrupted{Store: clienttest.Open(t)}
		s := clienttest.StartOn(t, store, passwordless)
		over := map[clienttest.Kind]int{clienttest.App: 410, clienttest.Browser: 401}[kind]
		for name, contact := range map[string]string{"asking": "asking@example.org", "confirming": "confirming@example.org"} {
			c := byCodeOnly(t, s, kind, "email", contact)
			id, _ := c.Get("auth/session").Status(200).Value("data", "user", "id").(float64)
			end := func() {
				if err := s.Auth.Users().EndSessions(context.Background(), strconv.FormatFloat(id, 'f', 0, 64)); err != nil {
					t.Error(err)
				}
			}
			if name == "asking" {
				store.Interrupt(end)
				c.Post("auth/code/request", clienttest.Body{}).Status(401).Pending()
				if kinds := s.Mails(contact); slices.Contains(kinds, "account/reauthentication_code") {
					t.Errorf("mails: %v", kinds)
				}
			} else {
				code := askForCode(s, c, contact)
				store.Interrupt(end)
				confirm(c, code).Status(401).Pending()
			}
			if store.IsArmed() {
				t.Errorf("%s: the session was not ended", name)
			}
			c.Get("auth/session").Status(over)
		}
	})
}

// After a logout an earlier code is invalid, even for the same user.
func TestACodeFromBeforeALogoutDoesNotReauthenticate(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, passwordless)
		c := byCodeOnly(t, s, kind, "email", owner)
		code := askForCode(s, c, owner)
		c.Delete("auth/session", nil).Status(401)
		if kind == clienttest.App {
			c.Token = ""
		}
		confirm(c, code).Status(409)
		c.Post("auth/code/request", clienttest.Body{"email": owner}).Status(401)
		confirm(c, s.MailOf("account/login_code", owner).Code()).Status(200)
		s.Clock.Advance(time.Hour)
		confirm(c, code).Status(409)
		mustNotBeRecent(t, c)
	})
}
