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

// Password is the password of every user that CreateUser creates.
const Password = clienttest.Password

// User is a user with an account.
type User struct {
	// ID is the ID of the user that Auth.UserFrom returns, Email the verified
	// email address.
	ID, Email string
	// Username is empty if accounts have none. CreateUser takes the part of the
	// address before the @.
	Username string
}

// CreateUser creates an account with a verified address and Password. It also
// works if sign-up is closed or requires more; edit may set what a table of the
// host requires, such as custom fields. The test fails if the address or the
// username is taken.
func (s *Server) CreateUser(email string, edit ...func(u *authn.NewUser)) User {
	s.t.Helper()
	canonical, ok := identifier.Email(email)
	if !ok {
		s.t.Fatalf("CreateUser: %q is not an email address", email)
	}
	form := clienttest.NewAccount{NewUser: authn.NewUser{Email: canonical}, EmailVerified: true}
	if s.hasUsernames() {
		form.Username, _, _ = strings.Cut(canonical, "@")
	}
	for _, change := range edit {
		change(&form.NewUser)
	}
	ctx := s.t.Context()
	created, err := clienttest.Create(ctx, s.Auth, form)
	if err != nil {
		s.t.Fatalf("CreateUser: %v", err)
	}
	if err := s.Auth.Users().SetPassword(ctx, created.ID, Password); err != nil {
		s.t.Fatalf("CreateUser: %v", err)
	}
	return User{ID: created.ID, Email: form.Email, Username: form.Username}
}

func (s *Server) hasUsernames() bool {
	cfg := s.inner.Config.Account
	return slices.Contains(cfg.LoginMethods, account.LoginByUsername) ||
		slices.ContainsFunc(cfg.SignupFields, func(field string) bool { return strings.TrimSuffix(field, "*") == "username" })
}

// LogIn returns a client in which the user is logged in, for all servers on the
// same host. It does not follow redirects. The test fails if the login needs more
// than Password and, if Account.LoginByCode requires it, a code.
func (s *Server) LogIn(u User) *http.Client {
	s.t.Helper()
	return s.logIn(clienttest.Browser, u).HTTP
}

// Token logs the user in and returns the session token that an app sends as
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

// loginCode waits for the login code, and leaves all other mails.
func (s *Server) loginCode(u User) string {
	s.t.Helper()
	return s.inner.MailOf("account/login_code", u.Email).Code()
}
