package account_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

func everyName(cfg *allauth.Config) {
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail, account.LoginByPhone}
	cfg.Account.SignupFields = []string{"email", "username", "phone", "password1*"}
	cfg.Account.EmailVerification = authn.VerificationOptional
	cfg.Account.Phone = &account.PhoneConfig{VerificationDisabled: true}
}

// refused tries a wrong password and reports whether the attempt was refused
// before the password was compared.
func refused(c *clienttest.Client, name body, try string) bool {
	in := body{"password": try}
	for field, value := range name {
		in[field] = value
	}
	return strings.Contains(c.Post("auth/login", in).Text, "too_many_login_attempts")
}

// Wrong passwords count per account, whatever identifier is typed.
func TestWrongPasswordsCountPerAccount(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, everyName)
	s.Client(clienttest.App).Post("auth/signup", body{"email": owner, "username": "ann", "phone": mobile, "password": password}).Status(200)
	c := s.LogIn(clienttest.App, owner)
	c.Post("auth/email/verify", body{"key": s.Mail(owner).Key()}).Status(200)
	names := []body{{"username": "ann"}, {"username": "ANN"}, {"email": owner}, {"phone": mobile}}
	for i := range 4 {
		email := fmt.Sprintf("ann%d@example.org", i)
		c.Post("account/email", body{"email": email}).Status(200)
		c.Post("auth/email/verify", body{"key": s.MailOf("account/email_confirmation", email).Key()}).Status(200)
		names = append(names, body{"email": email})
	}
	seen := 0
	for range 5 {
		for _, name := range names {
			if !refused(s.Client(clienttest.App), name, "wrong-wrong-1") {
				seen++
			}
		}
	}
	if seen != 5 {
		t.Errorf("%d guesses at one account were looked at, want 5", seen)
	}
	// Reauthentication and changes of the password share the counter.
	c.Post("auth/reauthenticate", body{"password": password}).Problems("password:too_many_login_attempts")
	c.Post("account/password/change", body{"current_password": password, "new_password": password + "-new"}).Problems("current_password:too_many_login_attempts")
	// A reset clears it, for every identifier.
	reset(t, s, s.Client(clienttest.App), owner, password+"-new")
	for _, name := range names[:5] {
		if refused(s.Client(clienttest.App), name, "wrong-wrong-1") {
			t.Errorf("%v is refused after the reset", name)
		}
	}
	if !refused(s.Client(clienttest.App), names[6], "wrong-wrong-1") {
		t.Error("the counter does not count after the reset")
	}
}

// A wrong password in a logged-in session counts against the account as well.
func TestWrongPasswordsInASessionCountPerAccount(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, everyName)
	s.Client(clienttest.App).Post("auth/signup", body{"email": owner, "username": "ann", "phone": mobile, "password": password}).Status(200)
	c := s.LogIn(clienttest.App, owner)
	for range 3 {
		c.Post("auth/reauthenticate", body{"password": "wrong-wrong-1"}).Problems("password:incorrect_password")
	}
	for range 2 {
		c.Post("account/password/change", body{"current_password": "wrong-wrong-1", "new_password": password + "-new"}).Problems("current_password:enter_current_password")
	}
	for _, name := range []body{{"username": "ann"}, {"email": owner}, {"phone": mobile}} {
		if !refused(s.Client(clienttest.App), name, password) {
			t.Errorf("%v is let through after five wrong passwords", name)
		}
	}
	s.Clock.Advance(5 * time.Minute)
	s.LogIn(clienttest.App, owner)
}

// Identifiers with and without an account are refused after the same number of
// guesses, and a sign-up does not reopen a refused one.
func TestTheCounterDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, owner)
	refusals := map[string][]bool{}
	for _, email := range []string{owner, "free@example.org"} {
		for range 7 {
			refusals[email] = append(refusals[email], refused(s.Client(clienttest.App), body{"email": email}, "wrong-wrong-1"))
		}
		s.Client(clienttest.App).Post("auth/signup", body{"email": email, "password": password}).Status(401).Pending("verify_email")
		refusals[email] = append(refusals[email], refused(s.Client(clienttest.App), body{"email": email}, "wrong-wrong-1"))
	}
	if taken, free := fmt.Sprint(refusals[owner]), fmt.Sprint(refusals["free@example.org"]); taken != free {
		t.Errorf("taken %s, free %s", taken, free)
	}
}
