package account_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// An import accepts usernames that differ only in case, if the host asks for it.
// Each user logs in with their own spelling and password; a sign-up cannot add
// another twin.
func TestUsernamesThatDifferInCaseAreImported(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, byName)
	twin := func(name string, allow bool) (*authn.User, error) {
		return clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{
			NewUser:       authn.NewUser{Username: name, Email: fmt.Sprintf("%x@example.org", name)},
			EmailVerified: true, AllowUsernameTwin: allow, PasswordHash: hashOf(t, "Horse-of-"+name),
		})
	}
	ids := map[string]string{}
	for _, name := range []string{"anna", "Anna", "bOB", "BOB"} {
		user, err := twin(name, true)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ids[name] = user.ID
	}
	for name, allow := range map[string]bool{"ANNA": false, "anna": true, "Anna": true, "bob": true} {
		if _, err := twin(name, allow); !errors.Is(err, authn.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name := range ids {
		c := s.Client(clienttest.App)
		c.Post("auth/login", body{"username": name, "password": "Horse-of-" + name}).Status(200)
		if got := c.Get("auth/session").Value("data", "user", "username"); got != name {
			t.Errorf("%s logs in to the account of %v", name, got)
		}
	}
	s.Client(clienttest.App).Post("auth/login", body{"username": "ANNA", "password": "Horse-of-Anna"}).Problems("password:username_password_mismatch")
	s.Client(clienttest.App).Post("auth/signup", body{"username": "AnnA", "email": "new@example.org", "password": password}).Problems("username:username_taken")
}
