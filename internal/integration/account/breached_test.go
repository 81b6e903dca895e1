package account_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	passwords "github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// breaches is a list of breached passwords that may be away.
type breaches struct {
	mu     sync.Mutex
	listed []string
	away   bool
	asked  int
}

func (b *breaches) Contains(_ context.Context, password string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.away {
		return false, fmt.Errorf("no answer for %s", password)
	}
	return slices.Contains(b.listed, password), nil
}

func (*breaches) Validate() error { return nil }

// set changes the list.
func (b *breaches) set(away bool, listed ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.listed, b.asked = away, listed, 0
}

// lookups returns the number of lookups since set.
func (b *breaches) lookups() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// names records the names of events about breached passwords.
type names struct {
	mu  sync.Mutex
	all []string
}

func (n *names) add(_ context.Context, e authn.Event) {
	switch e.Details.(type) {
	case passwords.BreachFound, passwords.LookupFailed:
		n.mu.Lock()
		defer n.mu.Unlock()
		if e.UserID == "" {
			n.all = append(n.all, "without a user "+e.Name)
		}
		n.all = append(n.all, e.Name)
	}
}

// take returns the names since the last call.
func (n *names) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := strings.Join(n.all, " ")
	n.all = nil
	return text
}

const (
	foundEvent  = "account.password_breached"
	failedEvent = "account.password_not_looked_up"
)

// startWithList starts a server with a list of breached passwords.
func startWithList(t *testing.T, edit ...func(cfg *allauth.Config)) (*clienttest.Server, *breaches, *names) {
	t.Helper()
	list, events := &breaches{}, &names{}
	s := clienttest.Start(t, append([]func(*allauth.Config){func(cfg *allauth.Config) {
		cfg.Account.Password.BreachList = list
		cfg.OnEvent = events.add
	}}, edit...)...)
	return s, list, events
}

const breached = "a-breached-passphrase-7"

func TestBreachedPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	s, list, events := startWithList(t)
	list.set(false, breached)
	other := s.Client(clienttest.App)
	other.Post("auth/signup", body{"email": "ann@example.org", "password": breached}).Problems("password:password_breached")
	other.Post("auth/signup", body{"email": "ann@example.org", "password": "12345"}).
		Problems("password:password_too_short", "password:password_too_common", "password:password_entirely_numeric")
	ann := s.SignUp(clienttest.App, "ann@example.org")
	ann.Post("account/password/change", body{"current_password": clienttest.Password, "new_password": breached}).Problems("new_password:password_breached")
	s.Client(clienttest.App).Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	key := s.MailOf("account/password_reset_key", "ann@example.org").Key()
	s.Client(clienttest.App).Post("auth/password/reset", body{"key": key, "password": breached}).Problems("password:password_breached")
	s.LogIn(clienttest.App, "ann@example.org")
	if got := events.take(); got != "" {
		t.Errorf("events %q", got)
	}
}

// While the list is away, passwords are accepted. The next login looks them up again, once.
func TestAListThatIsAway(t *testing.T) {
	t.Parallel()
	s, list, events := startWithList(t)
	list.set(true)
	ann := s.SignUp(clienttest.App, "ann@example.org")
	if got := events.take(); got != failedEvent {
		t.Errorf("sign-up: events %q", got)
	}
	login := func(pass string) *clienttest.Answer {
		return s.Client(clienttest.App).Post("auth/login", body{"email": "ann@example.org", "password": pass})
	}
	// The list is still away, then it has the password, then not any more.
	login(clienttest.Password).LoggedIn("ann@example.org")
	list.set(false, clienttest.Password)
	login(clienttest.Password).LoggedIn("ann@example.org")
	if got := events.take(); got != foundEvent {
		t.Errorf("login: events %q", got)
	}
	login("wrong-wrong-1").Problems("password:email_password_mismatch")
	list.set(false)
	login(clienttest.Password).LoggedIn("ann@example.org")
	if n := list.lookups(); n != 1 {
		t.Errorf("%d lookups", n)
	}
	login(clienttest.Password).LoggedIn("ann@example.org")
	if n := list.lookups(); n != 1 {
		t.Errorf("%d lookups after an answer", n)
	}
	// A new password that was looked up needs no other lookup; one that was not does.
	list.set(true)
	ann.Post("account/password/change", body{"current_password": clienttest.Password, "new_password": breached}).Status(200)
	list.set(false)
	reset(t, s, s.Client(clienttest.App), "ann@example.org", "another-good-passphrase-8")
	login("another-good-passphrase-8").LoggedIn("ann@example.org")
	if n := list.lookups(); n != 1 {
		t.Errorf("%d lookups after a reset", n)
	}
	if got := events.take(); got != failedEvent {
		t.Errorf("events %q", got)
	}
	for _, secret := range []string{clienttest.Password, breached} {
		if s.Log.Contains(secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if !s.Log.Contains("a password was not looked up") {
		t.Error("the error of the list is not in the log")
	}
}

// The host can look passwords up at each login, which tells about later breaches.
func TestLookUpAtLogin(t *testing.T) {
	t.Parallel()
	s, list, events := startWithList(t, func(cfg *allauth.Config) { cfg.Account.Password.LookUpAtLogin = true })
	s.SignUp(clienttest.App, "ann@example.org")
	s.LogIn(clienttest.App, "ann@example.org")
	list.set(false, clienttest.Password)
	s.LogIn(clienttest.App, "ann@example.org")
	if got := events.take(); got != foundEvent {
		t.Errorf("events %q", got)
	}
}

func resetBreached(cfg *allauth.Config) {
	cfg.Account.Password.LookUpAtLogin, cfg.Account.Password.ResetBreached = true, true
}

// The host can ask users with a breached password to choose another one, by mail.
func TestResetBreached(t *testing.T) {
	t.Parallel()
	s, list, events := startWithList(t, resetBreached)
	s.SignUp(clienttest.App, "ann@example.org")
	list.set(false, clienttest.Password)
	client := s.Client(clienttest.App)
	client.Post("auth/login", body{"email": "ann@example.org", "password": "wrong-wrong-1"}).Problems("password:email_password_mismatch")
	a := client.Post("auth/login", body{"email": "ann@example.org", "password": clienttest.Password})
	a.Problems("password_breached")
	client.Get("auth/session").Status(401)
	if got := events.take(); got != foundEvent {
		t.Errorf("events %q", got)
	}
	mail := s.MailOf("account/password_reset_key", "ann@example.org")
	client.Post("auth/password/reset", body{"key": mail.Key(), "password": clienttest.Password}).Problems("password:password_breached")
	client.Post("auth/password/reset", body{"key": mail.Key(), "password": "another-good-passphrase-8"}).Status(401)
	client.Post("auth/login", body{"email": "ann@example.org", "password": "another-good-passphrase-8"}).LoggedIn("ann@example.org")
}

// Each login is refused, but not each sends a mail.
func TestResetBreachedIsLimited(t *testing.T) {
	t.Parallel()
	s, list, _ := startWithList(t, resetBreached, func(cfg *allauth.Config) {
		cfg.RateLimits = map[string]string{"reset_password": "2/m/key"}
	})
	s.SignUp(clienttest.App, "ann@example.org")
	list.set(false, clienttest.Password)
	for range 4 {
		s.Client(clienttest.App).Post("auth/login", body{"email": "ann@example.org", "password": clienttest.Password}).Problems("password_breached")
	}
	sent := 0
	for _, mail := range s.AllMails() {
		if mail.Message.Kind == "account/password_reset_key" {
			sent++
		}
	}
	if sent > 2 {
		t.Errorf("%d mails", sent)
	}
}

// By code, the session of the login can enter the code.
func TestResetBreachedByCode(t *testing.T) {
	t.Parallel()
	s, list, _ := startWithList(t, resetBreached, func(cfg *allauth.Config) { cfg.Account.PasswordResetByCode = &account.CodeConfig{} })
	s.SignUp(clienttest.Browser, "ann@example.org")
	list.set(false, clienttest.Password)
	client := s.Client(clienttest.Browser)
	client.Post("auth/login", body{"email": "ann@example.org", "password": clienttest.Password}).Problems("password_breached")
	code := s.MailOf("account/password_reset_code", "ann@example.org").Code()
	client.Post("auth/password/reset", body{"key": code, "password": "another-good-passphrase-8"}).Status(401)
	s.Client(clienttest.Browser).Post("auth/login", body{"email": "ann@example.org", "password": "another-good-passphrase-8"}).LoggedIn("ann@example.org")
}

// A user whom no mail reaches logs in all the same.
func TestNoUserLosesAnAccountByABreach(t *testing.T) {
	t.Parallel()
	s, list, events := startWithList(t, resetBreached, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername}
		cfg.Account.SignupFields = []string{"username*", "password1*"}
		cfg.Account.EmailVerification = authn.VerificationNone
	})
	s.Client(clienttest.App).Post("auth/signup", body{"username": "ann", "password": clienttest.Password}).Status(200)
	list.set(false, clienttest.Password)
	s.Client(clienttest.App).Post("auth/login", body{"username": "ann", "password": clienttest.Password}).Status(200)
	if got := events.take(); got != foundEvent {
		t.Errorf("events %q", got)
	}
}

// A sign-up with a taken address asks the list like one with a free address.
func TestTheListDoesNotTellWhichAddressesAreTaken(t *testing.T) {
	t.Parallel()
	s, list, events := startWithList(t)
	s.SignUp(clienttest.App, "ann@example.org")
	for _, away := range []bool{false, true} {
		var lookups []int
		for _, email := range []string{"ann@example.org", fmt.Sprintf("free%v@example.org", away)} {
			list.set(away, breached)
			events.take()
			c := s.Client(clienttest.App)
			c.Post("auth/signup", body{"email": email, "password": breached})
			c.Post("auth/signup", body{"email": email, "password": clienttest.Password})
			lookups = append(lookups, list.lookups())
		}
		if lookups[0] != lookups[1] {
			t.Errorf("away %v: %v", away, lookups)
		}
	}
}

// The host's rule gets the user, and only passwords that are good otherwise.
func TestThePasswordCheckOfTheHost(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	var answer error
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.SignupFields = []string{"email*", "username*", "password1*"}
		cfg.Account.Password.Check = func(_ context.Context, pass string, u *authn.User) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, fmt.Sprintf("%s %s %v", pass, u.Username, u.ID != ""))
			return answer
		}
	})
	s.OwnProblems = []string{"new_password:not_again", "password:not_again"}
	expect := func(want ...string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		got = nil
	}
	ann := s.Client(clienttest.App)
	ann.Post("auth/signup", body{"email": "ann@example.org", "username": "ann", "password": "12345"}).Status(400)
	expect()
	ann.Post("auth/signup", body{"email": "ann@example.org", "username": "ann", "password": clienttest.Password}).Status(401)
	expect(clienttest.Password + " ann false")
	ann.Post("auth/email/verify", body{"key": s.Mail("ann@example.org").Key()})
	ann.Post("auth/login", body{"email": "ann@example.org", "password": clienttest.Password}).LoggedIn("ann@example.org")
	answer = &authn.Error{Code: "not_again", Message: "You had this password before."}
	change := body{"current_password": clienttest.Password, "new_password": breached}
	ann.Post("account/password/change", change).Problems("new_password:not_again")
	expect(breached + " ann true")
	answer = errors.New("the database is away")
	ann.Post("account/password/change", change).Status(503)
	if s.Log.Contains(breached) {
		t.Error("the log has the password")
	}
	answer = nil
	ann.Post("account/password/change", change).Status(200)
	expect(breached+" ann true", breached+" ann true")
}

// New refuses a list that cannot be used, and settings without one.
func TestListsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for want, policy := range map[string]passwords.Policy{
		"Account.Password.BreachList: no file": {BreachList: invalidList{&breaches{}}},
		"Account.Password.BreachList is nil":   {LookUpAtLogin: true},
		"BreachList is nil":                    {ResetBreached: true},
	} {
		s := clienttest.Start(t)
		cfg := s.Config
		cfg.Account.Password = policy
		if _, err := allauth.New(cfg, clienttest.Open(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// invalidList is a list whose file is missing.
type invalidList struct{ *breaches }

func (invalidList) Validate() error { return errors.New("no file") }
