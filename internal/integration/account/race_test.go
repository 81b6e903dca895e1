package account_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// crowd is the number of clients that try the same thing at the same time.
const crowd = 64

// winners sends the same request from many clients at the same time and counts
// the responses with that status.
func winners(status int, clients []*clienttest.Client, send func(c *clienttest.Client) *clienttest.Answer) int {
	var won atomic.Int64
	clienttest.Parallel(len(clients), func(i int) {
		if send(clients[i]).StatusCode == status {
			won.Add(1)
		}
	})
	return int(won.Load())
}

func newClients(s *clienttest.Server) []*clienttest.Client {
	clients := make([]*clienttest.Client, crowd)
	for i := range clients {
		clients[i] = s.Client(clienttest.App)
	}
	return clients
}

// clones returns copies of a client that share its session.
func clones(c *clienttest.Client, n int) []*clienttest.Client {
	clients := make([]*clienttest.Client, n)
	for i := range clients {
		clients[i] = c.Clone()
	}
	return clients
}

func TestParallelSignUpsMakeOneAccount(t *testing.T) {
	t.Parallel()
	for name, enumeration := range map[string]account.Enumeration{
		"telling": account.AllowEnumeration, "hiding": account.PreventEnumeration, "hiding strictly": account.PreventEnumerationStrictly,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var created atomic.Int64
			s := clienttest.Start(t, func(cfg *allauth.Config) {
				cfg.Account.Enumeration = enumeration
				cfg.OnEvent = countEvents[account.UserSignedUp](&created)
			})
			pending := winners(401, newClients(s), func(c *clienttest.Client) *clienttest.Answer {
				return c.Post("auth/signup", body{"email": "ann@example.org", "password": password})
			})
			if created.Load() != 1 {
				t.Errorf("%d accounts were made for one address", created.Load())
			}
			if want := map[bool]int{true: 1, false: crowd}[enumeration == account.AllowEnumeration]; pending != want {
				t.Errorf("%d sign-ups went on, want %d", pending, want)
			}
		})
	}
}

func TestParallelSignUpsTakeOneUsername(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) {
		cfg.LoginMethods = []account.LoginMethod{account.LoginByUsername}
		cfg.EmailVerification = authn.VerificationNone
	})
	won := winners(200, newClients(s), func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("auth/signup", body{"username": "ann", "password": password})
	})
	if won != 1 {
		t.Errorf("%d sign-ups got one username", won)
	}
}

func TestOneVerificationKeyWorksOnce(t *testing.T) {
	t.Parallel()
	var confirmed atomic.Int64
	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.OnEvent = countEvents[account.EmailConfirmed](&confirmed) })
	s.Client(clienttest.App).Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401)
	key := s.Mail("ann@example.org").Key()
	won := winners(401, newClients(s), func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("auth/email/verify", body{"key": key})
	})
	if won != 1 || confirmed.Load() != 1 {
		t.Errorf("one key was accepted %d times and verified the address %d times", won, confirmed.Load())
	}
}

func TestOneResetKeyWorksOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	s.Client(clienttest.App).Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	key := s.Mail("ann@example.org").Key()
	var number atomic.Int64
	won := winners(401, newClients(s), func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("auth/password/reset", body{"key": key, "password": fmt.Sprintf("Another-%d-horse", number.Add(1))})
	})
	if won != 1 {
		t.Errorf("one reset key worked %d times", won)
	}
}

func TestOneLoginCodeLogsInOnce(t *testing.T) {
	t.Parallel()
	var logins atomic.Int64
	s := clienttest.Start(t, withCodes, func(cfg *allauth.Config) { cfg.OnEvent = countEvents[account.UserLoggedIn](&logins) })
	s.SignUp(clienttest.App, "ann@example.org")
	before := logins.Load()
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401).Pending("login_by_code")
	code := s.Mail("ann@example.org").Code()
	won := winners(200, clones(c, crowd), func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("auth/code/confirm", body{"code": code})
	})
	if won != 1 || logins.Load()-before != 1 {
		t.Errorf("one code was accepted %d times and logged in %d times", won, logins.Load()-before)
	}
}

func TestParallelGuessesAreAllCounted(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
	code := s.Mail("ann@example.org").Code()
	guesses := winners(400, clones(c, crowd), func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("auth/code/confirm", body{"code": "BBBB-BBBB"})
	})
	if guesses > 3 {
		t.Errorf("%d wrong guesses were compared, want at most 3", guesses)
	}
	c.Post("auth/code/confirm", body{"code": code}).Status(409)
	c.Get("auth/session").Status(401).Pending()
}

// A request that is under way while its session ends must not store it again.
func TestAnEndedSessionStaysEnded(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		inside, ended := make(chan struct{}), make(chan struct{})
		s := start(t, func(cfg *account.Config) {
			cfg.Phone = &account.PhoneConfig{Validate: func(context.Context, string) error {
				close(inside)
				<-ended
				return nil
			}}
		})
		c := s.SignUp(kind, "ann@example.org")
		slow := c.Clone()
		done := make(chan int)
		go func() { done <- slow.Post("account/phone", body{"phone": "+31201234567"}).StatusCode }()
		<-inside
		c.Delete("auth/session", nil).Status(401)
		close(ended)
		if status := <-done; status == 202 {
			t.Errorf("the request under way answered %d after its session had ended", status)
		}
		for name, client := range map[string]*clienttest.Client{"old": c, "under way": slow} {
			if status := client.Get("auth/session").StatusCode; status == 200 {
				t.Errorf("the %s session is back", name)
			}
		}
	})
}

// Of two concurrent requests of a user, one makes an address primary and the
// other removes it.
func TestAPrimaryAddressIsNotRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	store := &clienttest.Interrupted{Store: memstore.New()}
	s := clienttest.StartOn(t, store)
	c := s.SignUp(clienttest.App, "ann@example.org")
	second := body{"email": "second@example.org"}
	addSecond := func() {
		c.Post("account/email", second).Status(200)
		c.Post("auth/email/verify", body{"key": s.MailOf("account/email_confirmation", "second@example.org").Key()}).Status(200)
		s.Clock.Advance(4 * time.Minute)
		c.Post("auth/reauthenticate", body{"password": password}).Status(200)
	}
	addSecond()
	store.Interrupt(func() { c.Delete("account/email", second).Status(200) })
	c.Patch("account/email", body{"email": "second@example.org", "primary": true}).Problems("email:unknown_email")
	addSecond()
	store.Interrupt(func() {
		c.Patch("account/email", body{"email": "second@example.org", "primary": true}).Status(200)
	})
	c.Delete("account/email", second).Problems("email:cannot_remove_primary_email")
}

// Of two concurrent requests that add the last allowed address, one succeeds.
func TestNoMoreAddressesThanThereMayBe(t *testing.T) {
	t.Parallel()
	store := &clienttest.Interrupted{Store: memstore.New()}
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) { cfg.Account.MaxEmailAddresses = 2 })
	c := s.SignUp(clienttest.App, "ann@example.org")
	store.Interrupt(func() { c.Post("account/email", body{"email": "second@example.org"}).Status(200) })
	c.Post("account/email", body{"email": "third@example.org"}).Problems("email:max_email_addresses")
}

func TestParallelNamesakesAllSignUp(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) {
		cfg.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail}
		cfg.SignupFields = []string{"email*", "password1*"}
		cfg.EmailVerification = authn.VerificationNone
	})
	clients := newClients(s)[:16]
	var number atomic.Int64
	won := winners(200, clients, func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("auth/signup", body{"email": fmt.Sprintf("ann@host%d.example.org", number.Add(1)), "password": password})
	})
	if won != len(clients) {
		t.Errorf("%d of %d people of one name could sign up", won, len(clients))
	}
}

// beforeTx is a store that calls a function right before a transaction begins.
type beforeTx struct {
	storage.Store
	do func()
}

func (b *beforeTx) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	if b.do != nil {
		b.do()
	}
	return b.Store.InTx(ctx, f)
}

// afterRekeying is a store of sessions, outside of the database, that calls a
// function right after sessions got another fingerprint.
type afterRekeying struct {
	sessions.Store
	do func()
}

func (a *afterRekeying) RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error {
	err := a.Store.RekeySessions(ctx, userID, oldAuthHash, newAuthHash)
	if a.do != nil {
		a.do()
	}
	return err
}

// If sessions are kept elsewhere, they get the new fingerprint before the new
// password is committed. A request in between does not end them.
func TestAPasswordChangeKeepsItsSessionElsewhere(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		elsewhere := &afterRekeying{Store: memstore.New()}
		s := clienttest.StartOn(t, storage.Compose(memstore.New(), storage.Parts{Sessions: elsewhere}))
		c := s.SignUp(kind, "ann@example.org")
		meanwhile := c.Clone()
		elsewhere.do = func() { meanwhile.Get("auth/session") }
		c.Post("account/password/change", body{"current_password": password, "new_password": "Another-1-horse"}).LoggedIn("ann@example.org")
		elsewhere.do = nil
		c.Get("auth/session").LoggedIn("ann@example.org")
	})
}

// A front end sends requests while its user changes the password: neither
// response logs the user out.
func TestAPasswordChangeKeepsItsSession(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		store := &beforeTx{Store: memstore.New()}
		s := clienttest.StartOn(t, store)
		c := s.SignUp(kind, "ann@example.org")
		other := s.LogIn(kind, "ann@example.org")
		meanwhile := c.Clone()
		store.do = func() { meanwhile.Get("auth/session").LoggedIn("ann@example.org") }
		c.Post("account/password/change", body{"current_password": password, "new_password": "Another-1-horse"}).LoggedIn("ann@example.org")
		store.do = nil
		c.Get("auth/session").LoggedIn("ann@example.org")
		if other.Get("auth/session").StatusCode == 200 {
			t.Error("another session goes on after the change")
		}
	})
}

// The user clicks twice. The later response does not remove the session that the
// other one gave the browser.
func TestALateAnswerLeavesTheNewSessionAlone(t *testing.T) {
	t.Parallel()
	store := &beforeTx{Store: memstore.New()}
	s := clienttest.StartOn(t, store, withCodes)
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.Browser)
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(401)
	late, credentials := c.Clone(), body{"email": "ann@example.org", "password": password}
	store.do = func() {
		store.do = nil
		c.Post("auth/login", credentials).LoggedIn("ann@example.org")
	}
	answer := late.Post("auth/login", credentials).Status(401)
	if cookies := answer.Header.Values("Set-Cookie"); len(cookies) != 0 {
		t.Errorf("the late answer sets %v", cookies)
	}
	c.Get("auth/session").LoggedIn("ann@example.org")
}
