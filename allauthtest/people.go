package allauthtest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// Password is the password of every user that CreateUser makes.
const Password = clienttest.Password

// User is somebody who has an account.
type User struct {
	// ID is that of the user whom Auth.UserFrom returns, Email the verified address.
	ID, Email string
	// Username is empty where accounts have none. CreateUser takes what stands
	// before the @ of the address.
	Username string
}

// CreateUser makes an account with a verified address and Password. It goes by
// no form, so it works where sign-up is closed or asks for more; edit may add
// what a table of the host's own needs, such as custom fields. The test fails if
// the address or the username is taken.
func (s *Server) CreateUser(email string, edit ...func(u *authn.NewUser)) User {
	s.t.Helper()
	canonical, ok := identifier.Email(email)
	if !ok {
		s.t.Fatalf("CreateUser: %q is no e-mail address", email)
	}
	form := authn.NewAccount{NewUser: authn.NewUser{Email: canonical}, EmailVerified: true}
	if s.hasUsernames() {
		form.Username, _, _ = strings.Cut(canonical, "@")
	}
	for _, change := range edit {
		change(&form.NewUser)
	}
	ctx := s.t.Context()
	created, err := s.Auth.CreateUser(ctx, form)
	if err != nil {
		s.t.Fatalf("CreateUser: %v", err)
	}
	if err := s.Auth.SetPassword(ctx, created.ID, Password); err != nil {
		s.t.Fatalf("CreateUser: %v", err)
	}
	return User{ID: created.ID, Email: form.Email, Username: form.Username}
}

func (s *Server) hasUsernames() bool {
	cfg := s.inner.Config.Account
	return slices.Contains(cfg.LoginMethods, account.LoginByUsername) ||
		slices.ContainsFunc(cfg.SignupFields, func(field string) bool { return strings.TrimSuffix(field, "*") == "username" })
}

// LogIn returns a browser in which the user is logged in, for any server on the
// same host. It does not follow redirects. The test fails if the login needs
// more than Password and, where Account.LoginByCode asks for one, a code.
func (s *Server) LogIn(u User) *http.Client {
	s.t.Helper()
	return s.logIn(clienttest.Browser, u).HTTP
}

// Token logs the user in and returns the session token that an app would send as
// X-Session-Token. It fails like LogIn.
func (s *Server) Token(u User) string {
	s.t.Helper()
	return s.logIn(clienttest.App, u).Token
}

func (s *Server) logIn(kind clienttest.Kind, u User) *clienttest.Client {
	s.t.Helper()
	credentials := clienttest.Body{"password": Password}
	if methods := s.inner.Config.Account.LoginMethods; methods == nil || slices.Contains(methods, account.LoginByEmail) {
		credentials["email"] = u.Email
	} else {
		credentials["username"] = u.Username
	}
	client := s.inner.Client(kind)
	answer := client.Post("auth/login", credentials)
	if answer.StatusCode == http.StatusUnauthorized && answer.IsPending("login_by_code") {
		answer = client.Post("auth/code/confirm", clienttest.Body{"code": s.loginCode(u)})
	}
	answer.LoggedIn(u.Email)
	return client
}

// loginCode waits for the code of a login and leaves all other mails.
func (s *Server) loginCode(u User) string {
	s.t.Helper()
	return s.inner.MailOf("account/login_code", u.Email).Code()
}
