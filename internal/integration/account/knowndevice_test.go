package account_test

import (
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// An attacker who uses up the attempts of an account locks out new browsers, but
// not a browser in which the owner has logged in before.
func TestAKnownDeviceIsNotLockedOut(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	owner := s.LogIn(clienttest.Browser, "ann@example.org")
	owner.Delete("auth/session", nil).Status(401)
	attacker := s.Client(clienttest.App)
	failLogins(t, attacker, "email", "ann@example.org", 5)
	elsewhere := s.Client(clienttest.Browser)
	for _, client := range []*clienttest.Client{attacker, elsewhere} {
		client.Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("too_many_login_attempts")
	}

	t.Run("the cookie is for its user only", func(t *testing.T) {
		s.SignUp(clienttest.App, "bob@example.org")
		other := s.LogIn(clienttest.Browser, "bob@example.org")
		other.Delete("auth/session", nil)
		for _, value := range []string{other.Cookie("known_device"), owner.Cookie("known_device") + "A", "x"} {
			other.SetCookie("known_device", value)
			other.Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("too_many_login_attempts")
		}
	})
	t.Run("the device has a limit of its own", func(t *testing.T) {
		s.Clock.Advance(time.Minute) // for the limit of the IP address
		thief := s.Client(clienttest.Browser)
		thief.SetCookie("known_device", owner.Cookie("known_device"))
		failLogins(t, thief, "email", "ann@example.org", 5)
		thief.Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("too_many_login_attempts")
		s.Clock.Advance(5 * time.Minute)
	})
	owner.Post("auth/login", body{"email": "ann@example.org", "password": password}).LoggedIn("ann@example.org")
}

// A browser is known for half a year after the last login. The cookie is renewed
// once a month.
func TestAKnownDeviceIsForgottenInTheEnd(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	owner := s.Client(clienttest.Browser)
	login := func() string {
		t.Helper()
		owner.Post("auth/login", body{"email": "ann@example.org", "password": password}).LoggedIn("ann@example.org")
		owner.Delete("auth/session", nil)
		return owner.Cookie("known_device")
	}
	first := login()
	s.Clock.Advance(29 * 24 * time.Hour)
	if login() != first {
		t.Error("the cookie is renewed within a month")
	}
	s.Clock.Advance(24 * time.Hour)
	if login() == first {
		t.Error("the cookie is not renewed after a month")
	}
	s.Clock.Advance(180 * 24 * time.Hour)
	attacker := s.Client(clienttest.App)
	failLogins(t, attacker, "email", "ann@example.org", 5)
	owner.Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("too_many_login_attempts")
}

// Slow guesses are limited too: 100 a day, from any number of IP addresses.
func TestSlowGuessesAreLimited(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	for range 20 {
		s.Clock.Advance(5 * time.Minute)
		failLogins(t, c, "email", "ann@example.org", 5)
	}
	s.Clock.Advance(5 * time.Minute)
	c.Post("auth/login", body{"email": "ann@example.org", "password": password}).Problems("too_many_login_attempts")
	reset(t, s, c, "ann@example.org", "Another-1-horse")
	c.Post("auth/login", body{"email": "ann@example.org", "password": "Another-1-horse"}).LoggedIn("ann@example.org")
}

// A reset clears the wrong passwords of all identifiers.
func TestAResetClearsTheFailuresOfEveryIdentifier(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail}
	})
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"username": "annabel", "email": "ann@example.org", "password": password}).Status(401)
	c.Post("auth/email/verify", body{"key": s.Mail("ann@example.org").Key()})
	failLogins(t, c, "username", "annabel", 5)
	reset(t, s, c, "ann@example.org", "Another-1-horse")
	c.Post("auth/login", body{"username": "Annabel", "password": "Another-1-horse"}).LoggedIn("ann@example.org")
}

// An attacker who opens one flow after the other has ten guesses an hour, and
// learns nothing about the account. The owner can still log in with the password.
func TestCodesAreGuessedTenTimesAnHour(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	})
	s.SignUp(clienttest.App, "ann@example.org")
	for _, email := range []string{"ann@example.org", "unknown@example.org"} {
		compared := 0
		for range 5 {
			s.Clock.Advance(time.Minute)
			c := s.Client(clienttest.App)
			c.Post("auth/code/request", body{"email": email}).Status(401).Pending("login_by_code")
			s.Mail(email)
			for range 3 {
				switch answer := c.Post("auth/code/confirm", body{"code": "BBBB-BBBB"}); answer.StatusCode {
				case 400:
					compared++
				case 429:
				default:
					t.Errorf("%s: status %d", email, answer.StatusCode)
				}
			}
		}
		if compared != 10 {
			t.Errorf("%s: %d codes were compared", email, compared)
		}
	}
	s.Client(clienttest.App).Post("auth/login", body{"email": "ann@example.org", "password": password}).LoggedIn("ann@example.org")
	s.Clock.Advance(time.Hour)
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
	c.Post("auth/code/confirm", body{"code": s.Mail("ann@example.org").Code()}).LoggedIn("ann@example.org")
}

// An attacker who requests one reset after the other does not prevent resets by
// the owner.
func TestAKnownDeviceMayAskForAReset(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, "ann@example.org")
	owner := s.LogIn(clienttest.Browser, "ann@example.org")
	owner.Delete("auth/session", nil).Status(401)
	attacker := s.Client(clienttest.App)
	for range 5 {
		attacker.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	}
	attacker.Post("auth/password/request", body{"email": "ann@example.org"}).Status(429)
	owner.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
}

// An attacker with a stolen session has no more guesses at its password if the
// account has only a number.
func TestGuessesInASessionCountByNumber(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"phone": "+31201234567", "password": password}).Status(401)
	c.Post("auth/phone/verify", body{"code": s.Text("+31201234567").Code()}).Status(200)
	for range 5 {
		c.Post("auth/reauthenticate", body{"password": "wrong-wrong-1"}).Problems("password:incorrect_password")
	}
	c.Post("auth/reauthenticate", body{"password": password}).Problems("password:too_many_login_attempts")
	s.Client(clienttest.App).Post("auth/login", body{"phone": "+31201234567", "password": password}).Problems("too_many_login_attempts")
}
