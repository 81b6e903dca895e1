package account_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// Existing tables may have addresses that sign-ups refuse: with letters beyond
// ASCII, or with dots where the standard has none. Their users log in with
// password and code, and reset the password.
func TestUsersWithAddressesThatASignUpRefusesLogIn(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withCodes)
	for _, address := range []string{"jürgen@example.org", "дима@example.org", "a..b@example.org", ".dots.@example.org", "o'brien@bücher.example"} {
		importAnn(t, s, func(in *clienttest.NewAccount) {
			in.NewUser, in.EmailVerified = authn.NewUser{Email: address}, true
		})
		stored, _ := identifier.KnownEmail(address)
		for _, typed := range []string{address, strings.ToUpper(address), norm.NFD.String(address)} {
			s.Client(clienttest.App).Post("auth/login", body{"email": typed, "password": password}).LoggedIn(stored)
		}

		c := s.Client(clienttest.Browser)
		c.Post("auth/code/request", body{"email": address}).Status(401).Pending("login_by_code")
		c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", stored).Code()}).LoggedIn(stored)
		c.Patch("account/email", body{"email": address, "primary": true}).Status(200)

		forgetful := s.Client(clienttest.App)
		forgetful.Post("auth/password/request", body{"email": address}).Status(401)
		s.MailOf("account/password_reset_code", stored)
		s.Clock.Advance(2 * time.Hour)
	}
	s.Client(clienttest.App).Post("auth/signup", body{"email": "müller@example.org", "password": password}).Problems("email:invalid")
	for _, typed := range []string{"<ann>@example.org", "a b@example.org", "ann\t@example.org", "@example.org", "ü@exa mple.org", "ann(x)@example.org"} {
		s.Client(clienttest.App).Post("auth/login", body{"email": typed, "password": password}).Problems("email:invalid")
	}
}

// CreateUser accepts usernames of another system, except those with control
// characters or surrounding blanks.
func TestCreateUserTakesNamesThatASignUpRefuses(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, byName)
	for _, name := range []string{"ann@home", "аdmin", "Ann Smith", "jürgen"} {
		importAnn(t, s, func(in *clienttest.NewAccount) {
			in.Username, in.Email, in.EmailVerified = name, strings.Map(asciiOnly, name)+"x@example.org", true
		})
		s.Client(clienttest.App).Post("auth/login", body{"username": name, "password": password}).Status(200)
	}
	for _, name := range []string{" ann", "an\x00n", "ann\n", strings.Repeat("a", 151), "a\xff"} {
		_, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Username: name}})
		if err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

func asciiOnly(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}
