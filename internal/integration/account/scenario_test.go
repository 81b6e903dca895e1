package account_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
)

type body = clienttest.Body

const password = clienttest.Password

// start starts a server with the configuration of edit.
func start(t *testing.T, edit ...func(cfg *account.Config)) *clienttest.Server {
	t.Helper()
	return clienttest.Start(t, func(cfg *allauth.Config) {
		for _, change := range edit {
			change(&cfg.Account)
		}
	})
}

func TestSignUpVerifyByLinkAndLogIn(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t)
		c := s.Client(kind)
		c.Post("auth/signup", body{"email": "Ann@Example.org", "password": password}).Status(401).Pending("verify_email")
		c.Post("auth/login", body{"email": "ann@example.org", "password": password}).Status(401).Pending("verify_email")

		key := s.Mail("ann@example.org").Key()
		c.Header.Set("X-Email-Verification-Key", key)
		shown := c.Get("auth/email/verify").Status(200)
		if shown.Value("data", "email") != "ann@example.org" || shown.Value("meta", "is_authenticating") != true {
			t.Fatalf("the link shows %s", shown.Text)
		}
		c.Post("auth/email/verify", body{"key": key}).Status(401).Pending()
		c.Post("auth/email/verify", body{"key": key}).Problems("key:invalid_or_expired_key")
		c.Post("auth/login", body{"email": "ANN@example.org", "password": password}).LoggedIn("ann@example.org")
	})
}

func TestTheLinkLogsInWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t, func(cfg *account.Config) { cfg.LoginOnEmailConfirmation = true })
		c, elsewhere := s.Client(kind), s.Client(kind)
		c.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401)
		elsewhere.Post("auth/email/verify", body{"key": "no-such-key-at-all"}).Problems("key:invalid_or_expired_key")
		c.Post("auth/email/verify", body{"key": s.Mail("ann@example.org").Key()}).LoggedIn("ann@example.org")
	})
}

func TestAVerificationLinkExpires(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": "ann@example.org", "password": password}).Status(401)
	key := s.Mail("ann@example.org").Key()
	s.Clock.Advance(24*time.Hour + time.Second)
	s.Client(clienttest.App).Post("auth/email/verify", body{"key": key}).Problems("key:invalid_or_expired_key")
}

func TestLogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	app := s.SignUp(clienttest.App, "ann@example.org")
	app.Delete("auth/session", nil).Status(401)
	app.Get("auth/session").Status(410)

	browser := s.LogIn(clienttest.Browser, "ann@example.org")
	stolen := browser.Clone()
	browser.Delete("auth/session", nil).Status(401)
	if browser.Cookie("sessionid") != "" {
		t.Error("the session cookie is still there after logout")
	}
	stolen.Get("auth/session").Status(401)
}

func TestPasswordResetByLink(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t)
		victim := s.SignUp(kind, "ann@example.org")
		c := s.Client(kind)
		c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
		key := s.Mail("ann@example.org").Key()
		c.Post("auth/password/reset", body{"key": key, "password": "1234567"}).Problems("password:password_too_short", "password:password_too_common", "password:password_entirely_numeric")
		c.Post("auth/password/reset", body{"key": key, "password": "Another-1-horse"}).Status(401).Pending()
		c.Post("auth/password/reset", body{"key": key, "password": "Another-2-horse"}).Problems("key:invalid_password_reset")
		victim.Get("auth/session").Status(map[clienttest.Kind]int{clienttest.App: 410, clienttest.Browser: 401}[kind])
		c.Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("password:email_password_mismatch")
		c.Post("auth/login", body{"email": "ann@example.org", "password": "Another-1-horse"}).LoggedIn("ann@example.org")
	})
}

func TestAResetLinkExpiresAndANewerOneVoidsIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	first := s.Mail("ann@example.org").Key()
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	second := s.Mail("ann@example.org").Key()
	c.Post("auth/password/reset", body{"key": first, "password": "Another-1-horse"}).Problems("key:invalid_password_reset")
	s.Clock.Advance(time.Hour + time.Second)
	c.Post("auth/password/reset", body{"key": second, "password": "Another-1-horse"}).Problems("key:invalid_password_reset")
}

func TestAResetOfOnesOwnPasswordEndsOnesSession(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t)
		c := s.SignUp(kind, "ann@example.org")
		c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
		c.Post("auth/password/reset", body{"key": s.Mail("ann@example.org").Key(), "password": "Another-1-horse"}).Status(401)
		s.Client(kind).Post("auth/login", body{"email": "ann@example.org", "password": "Another-1-horse"}).LoggedIn("ann@example.org")
	})
}

func TestAResetLogsInWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.LoginOnPasswordReset = true })
	c := s.SignUp(clienttest.App, "ann@example.org")
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	answer := c.Post("auth/password/reset", body{"key": s.Mail("ann@example.org").Key(), "password": "Another-1-horse"}).LoggedIn("ann@example.org")
	methods, _ := answer.Value("data", "methods").([]any)
	last, _ := methods[len(methods)-1].(map[string]any)
	if last["method"] != "password_reset" || last["email"] != "ann@example.org" {
		t.Errorf("methods %v", methods)
	}
	c.Get("auth/session").LoggedIn("ann@example.org")
}

func TestABrokenResetLinkIsAllThatIsTold(t *testing.T) {
	t.Parallel()
	c := start(t).Client(clienttest.App)
	c.Post("auth/password/reset", body{"key": "x-y", "password": "12345"}).Problems("key:invalid_password_reset")
	c.Post("auth/password/reset", body{"key": "x-y"}).Problems("key:invalid_password_reset", "password:required")
}

func TestEveryProblemOfAPrimaryAddressIsTold(t *testing.T) {
	t.Parallel()
	c := start(t).SignUp(clienttest.App, "ann@example.org")
	c.Patch("account/email", body{"email": "bob@example.org"}).Problems("email:unknown_email", "primary:required")
	c.Patch("account/email", body{"email": "ann@example.org", "primary": false}).Problems("primary:required")
	c.Patch("account/email", body{"email": "ann@example.org", "primary": ""}).Problems("primary:required")
	c.Patch("account/email", body{"email": "bob@example.org", "primary": "x"}).Problems("email:unknown_email", "primary:invalid")
}

func TestEveryProblemOfASignUpIsTold(t *testing.T) {
	t.Parallel()
	c := start(t).Client(clienttest.App)
	c.Post("auth/signup", body{"email": "nowhere", "password": "a\x00bcdefghijk"}).Problems("email:invalid", "password:null_characters_not_allowed")
	c.Post("auth/signup", body{"email": 5, "password": "12345678901"}).Problems("email:invalid", "password:password_too_common", "password:password_entirely_numeric")
	c.Post("auth/signup", body{"email": "ann@example.org", "username": []string{"x"}, "password": password}).Problems("username:invalid")
}

func TestBlanksAreNoPassword(t *testing.T) {
	t.Parallel()
	c := start(t).Client(clienttest.App)
	c.Post("auth/signup", body{"email": "ann@example.org", "password": "         "}).Problems("password:required")
	c.Post("auth/login", body{"email": "ann@example.org", "password": " "}).Problems("password:required")
}

func TestPasswordChange(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t)
		c := s.SignUp(kind, "ann@example.org")
		other := s.LogIn(kind, "ann@example.org")
		before := c.Clone()
		c.Post("account/password/change", body{"current_password": "wrong-wrong-1", "new_password": "Another-1-horse"}).Problems("current_password:enter_current_password")
		c.Post("account/password/change", body{"current_password": password, "new_password": "Another-1-horse"}).LoggedIn("ann@example.org")
		c.Get("auth/session").LoggedIn("ann@example.org")
		for name, ended := range map[string]*clienttest.Client{"the other session": other, "the old token": before} {
			if status := ended.Get("auth/session").StatusCode; status == 200 {
				t.Errorf("%s is still good after the password changed", name)
			}
		}
		if mail := s.Mail("ann@example.org"); mail.Kind != "account/password_changed" {
			t.Errorf("mail %q, want a note that the password changed", mail.Kind)
		}
	})
}

// Mails about changes contain the user's name, and link to the page for a new
// password.
func TestNotesSayWhomTheyAreFor(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.SignupFields = []string{"email*", "username*", "password1*"} })
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": "ann@example.org", "username": "Annie", "password": password}).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": s.Mail("ann@example.org").Key()})
	c = s.LogIn(clienttest.App, "ann@example.org")
	c.Post("account/password/change", body{"current_password": password, "new_password": "Another-1-horse"}).Status(200)
	note := s.MailOf("account/password_changed", "ann@example.org").Message
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	link := s.MailOf("account/password_reset_key", "ann@example.org").Message
	for kind, text := range map[string]string{"note": note.Text, "page of the note": note.HTML, "link": link.Text} {
		if !strings.Contains(text, "Hello Annie,") {
			t.Errorf("the %s does not say whom it is for:\n%s", kind, text)
		}
	}
	if page := s.Config.BaseURL + "/account/password/reset"; !strings.Contains(note.Text, page) || !strings.Contains(note.HTML, page) {
		t.Errorf("the note does not lead to %s:\n%s", page, note.Text)
	}
}

func TestLogoutOnPasswordChange(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.LogoutOnPasswordChange = true })
	c := s.SignUp(clienttest.App, "ann@example.org")
	c.Post("account/password/change", body{"current_password": password, "new_password": "Another-1-horse"}).Status(401)
	c.Get("auth/session").Status(410)
}

func TestManageAddresses(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t)
		c := s.SignUp(kind, "ann@example.org")
		c.Post("account/email", body{"email": "second@example.org"}).Status(200)
		c.Post("account/email", body{"email": "second@example.org"}).Problems("email:duplicate_email")
		c.Patch("account/email", body{"email": "second@example.org", "primary": true}).Problems("email:unverified_primary_email")
		c.Post("auth/email/verify", body{"key": s.Mail("second@example.org").Key()}).Status(200)
		c.Patch("account/email", body{"email": "second@example.org", "primary": true}).Status(200)
		c.Delete("account/email", body{"email": "second@example.org"}).Problems("email:cannot_remove_primary_email")
		c.Delete("account/email", body{"email": "ann@example.org"}).Status(200)
		c.Get("auth/session").LoggedIn("second@example.org")
		s.Client(kind).Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("password:email_password_mismatch")
	})
}

func TestTheNumberOfAddressesIsBounded(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.MaxEmailAddresses = 2 })
	c := s.SignUp(clienttest.App, "ann@example.org")
	c.Post("account/email", body{"email": "b@example.org"}).Status(200)
	c.Post("account/email", body{"email": "c@example.org"}).Problems("email:max_email_addresses")
}

func TestChangeEmailReplacesTheAddress(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.ChangeEmail = true })
	c := s.SignUp(clienttest.App, "old@example.org")
	c.Post("account/email", body{"email": "new@example.org"}).Status(200)
	c.Get("auth/session").LoggedIn("old@example.org")
	c.Post("auth/email/verify", body{"key": s.Mail("new@example.org").Key()}).LoggedIn("new@example.org")
	if emails := c.Get("account/email").Status(200).JSON["data"].([]any); len(emails) != 1 {
		t.Errorf("%d addresses after the change, want 1", len(emails))
	}
}

func TestReauthenticationIsAskedForAndForgotten(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t)
		c := s.SignUp(kind, "ann@example.org")
		s.Clock.Advance(6 * time.Minute)
		asked := c.Post("account/email", body{"email": "second@example.org"}).Status(401)
		if asked.Value("meta", "is_authenticated") != true || asked.Flows()[0] != "reauthenticate" {
			t.Fatalf("not asked to reauthenticate: %s", asked.Text)
		}
		c.Post("auth/reauthenticate", body{"password": "wrong-wrong-1"}).Problems("password:incorrect_password")
		c.Post("auth/reauthenticate", body{"password": password}).LoggedIn("ann@example.org")
		c.Post("account/email", body{"email": "second@example.org"}).Status(200)
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SignUp(clienttest.App, "ann@example.org")
	phone := s.LogIn(clienttest.App, "ann@example.org")
	for _, path := range []string{"auth/sessions", "sessions"} {
		list := c.Get(path).Status(200).JSON["data"].([]any)
		if len(list) != 2 {
			t.Fatalf("%s lists %d sessions, want 2", path, len(list))
		}
	}
	var other any
	for _, item := range c.Get("auth/sessions").JSON["data"].([]any) {
		if session := item.(map[string]any); session["is_current"] == false {
			other = session["id"]
		}
	}
	attacker := s.SignUp(clienttest.App, "eve@example.org")
	attacker.Delete("auth/sessions", body{"sessions": []any{other}}).Problems("sessions:invalid_choice")
	phone.Get("auth/session").Status(200)
	c.Delete("auth/sessions", body{"sessions": []any{other}}).Status(200)
	phone.Get("auth/session").Status(410)
}

func TestUsernames(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) {
		cfg.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail}
		cfg.SignupFields = []string{"username*", "email", "password1*"}
		cfg.EmailVerification = authn.VerificationOptional
		cfg.UsernameBlacklist = []string{"Admin"}
		cfg.UsernameMinLength = 3
	})
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"username": "aDMIN", "password": password}).Problems("username:username_blacklisted")
	c.Post("auth/signup", body{"username": "ab", "password": password}).Problems("username:min_length")
	c.Post("auth/signup", body{"password": password}).Problems("username:required")
	c.Post("auth/signup", body{"username": "Ann", "password": password}).Status(200)
	s.Client(clienttest.App).Post("auth/signup", body{"username": "ANN", "password": password}).Problems("username:username_taken")
	s.Client(clienttest.App).Post("auth/login", body{"username": "ann", "password": password}).Status(200)
	s.Client(clienttest.App).Post("auth/login", body{"username": "ann", "password": "wrong-wrong-1"}).Problems("password:username_password_mismatch")
	s.Client(clienttest.App).Post("auth/login", body{"username": "ann", "email": "a@example.org", "password": password}).Problems("invalid_login")
	s.Client(clienttest.App).Post("auth/login", body{"username": "", "password": password}).Problems("password:username_password_mismatch")
	c.Post("auth/reauthenticate", body{"password": password}).Status(200)
	c.Post("account/email", body{"email": "ann@example.org"}).Status(200)
	if email := c.Get("auth/session").Status(200).Value("data", "user", "email"); email != nil {
		t.Errorf("the user's address is %v, which is unverified", email)
	}
}

// A user who signed up with a username makes an address primary. It replaces
// none, so no mail about a change is sent.
func TestAFirstPrimaryAddressReplacesNone(t *testing.T) {
	t.Parallel()
	changes := make(chan account.EmailChanged, 1)
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername}
		cfg.Account.EmailVerification = authn.VerificationNone
		cfg.OnEvent = func(_ context.Context, e authn.Event) {
			if changed, ok := e.Details.(account.EmailChanged); ok {
				changes <- changed
			}
		}
	})
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"username": "ann", "password": password}).Status(200)
	c.Post("auth/reauthenticate", body{"password": password}).Status(200)
	c.Post("account/email", body{"email": "ann@example.org"}).Status(200)
	c.Patch("account/email", body{"email": "ann@example.org", "primary": true}).Status(200)
	if changed := <-changes; changed.From != "" || changed.To != "ann@example.org" {
		t.Errorf("the address changed from %q to %q", changed.From, changed.To)
	}
}

// A user makes the primary address the primary one again: nothing changes, so no
// mail is sent, and a pending reset stays valid.
func TestTheSamePrimaryAddressAgain(t *testing.T) {
	t.Parallel()
	var changes atomic.Int64
	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.OnEvent = countEvents[account.EmailChanged](&changes) })
	c := s.SignUp(clienttest.App, ann)
	s.Client(clienttest.App).Post("auth/password/request", body{"email": ann}).Status(200)
	key := s.MailOf("account/password_reset_key", ann).Key()
	c.Patch("account/email", body{"email": ann, "primary": true}).Status(200)
	s.Client(clienttest.App).Post("auth/password/reset", body{"key": key, "password": "Another-1-horse"}).Status(401)
	s.MailOf("account/password_reset", ann)
	if n := changes.Load(); n != 0 {
		t.Errorf("%d changes of the address were announced", n)
	}
}
