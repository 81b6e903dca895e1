package account_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

const (
	composed   = "Grünkohl-mit-Pinkel"
	decomposed = "Gru\u0308nkohl-mit-Pinkel"
)

// A password that was set on one keyboard can be typed on another, in every field
// for a password.
func TestAPasswordIsTheSameComposedAndDecomposed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ set, typed string }{
		"set composed": {composed, decomposed}, "set decomposed": {decomposed, composed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			email := "ann@example.org"
			c1 := s.SignUp(clienttest.Browser, email)
			c1.Post("account/password/change", body{"current_password": password, "new_password": c.set}).LoggedIn(email)
			c2 := s.Client(clienttest.Browser)
			c2.Post("auth/login", body{"email": email, "password": c.typed}).LoggedIn(email)
			c2.Post("auth/reauthenticate", body{"password": c.typed}).LoggedIn(email)
			c2.Post("account/password/change", body{"current_password": c.typed, "new_password": password}).LoggedIn(email)
		})
	}
}

// importUser creates an account with a verified address and a hash of another
// system.
func importUser(t *testing.T, s *clienttest.Server, email, hash string) {
	t.Helper()
	_, err := clienttest.Create(context.Background(), s.Auth, clienttest.NewAccount{
		NewUser: authn.NewUser{Email: email}, EmailVerified: true, PasswordHash: hash,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// djangoHash hashes a password as Django does, without leading and trailing
// blanks.
func djangoHash(t *testing.T, password string) string {
	t.Helper()
	key, err := pbkdf2.Key(sha256.New, strings.TrimSpace(password), []byte("saltsalt"), 1000, 32)
	if err != nil {
		t.Fatal(err)
	}
	return "pbkdf2_sha256$1000$saltsalt$" + base64.StdEncoding.EncodeToString(key)
}

// bcryptHash hashes the 72 bytes of a password that bcrypt uses.
func bcryptHash(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password)[:min(72, len(password))], bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

// Passwords that another system accepted log in here, before and after the
// upgrade of the hash.
func TestPasswordsOfOtherSystemsLogIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	long := strings.Repeat("All work and no play makes Jack a dull boy. ", 3)
	for name, c := range map[string]struct {
		hash  string
		typed []string // one after the other
	}{
		"bcrypt over 72 bytes":        {bcryptHash(t, long), []string{long, long[:len(long)-2] + "!", long}},
		"bcrypt-of-php":               {"$2y$" + bcryptHash(t, long)[4:], []string{long, long}},
		"bcrypt of Django":            {"bcrypt$" + bcryptHash(t, long), []string{" " + long, long}},
		"bcrypt cut within a letter":  {bcryptHash(t, strings.Repeat("ü", 35)+"xüü"), []string{strings.Repeat("ü", 35) + "xüü"}},
		"blanks that Django trimmed":  {djangoHash(t, " p4ssw0rd of Ann "), []string{" p4ssw0rd of Ann ", "p4ssw0rd of Ann\u00a0", " p4ssw0rd of Ann ", "p4ssw0rd of Ann"}},
		"between 1024 and 4096 bytes": {djangoHash(t, strings.Repeat("x", 2000)), []string{strings.Repeat("x", 2000), strings.Repeat("x", 2000)}},
		"4096 bytes":                  {djangoHash(t, strings.Repeat("ü", 2048)), []string{strings.Repeat("ü", 2048), strings.Repeat("ü", 2048)}},
		"as it was typed":             {djangoHash(t, decomposed), []string{decomposed, composed, decomposed}},
		"composed":                    {djangoHash(t, composed), []string{decomposed, composed}},
		"emoji that the rules refuse": {djangoHash(t, "👩‍💻❤️ is my life"), []string{"👩‍💻❤️ is my life", "👩‍💻❤️ is my life"}},
		"a tab inside":                {djangoHash(t, "pass\tphrase of Ann"), []string{"pass\tphrase of Ann"}},
	} {
		email := strings.ReplaceAll(name, " ", "-") + "@example.org"
		importUser(t, s, email, c.hash)
		for i, typed := range c.typed {
			answer := s.Client(clienttest.App).Post("auth/login", body{"email": email, "password": typed})
			if answer.StatusCode != 200 {
				t.Errorf("%s, login %d: status %d", name, i+1, answer.StatusCode)
			}
		}
		s.Client(clienttest.App).Post("auth/login", body{"email": email, "password": "not " + composed}).Problems("password:email_password_mismatch")
	}
}
