package account_test

import (
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// Existing tables may have usernames that sign-ups refuse: with @, of look-alike
// letters, or two that differ only in case. Their users log in.
func TestUsersWithNamesThatASignUpRefusesLogIn(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	s := clienttest.StartOn(t, store, byName, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationOptional
	})
	importAnn(t, s, func(in *clienttest.NewAccount) {
		in.NewUser = authn.NewUser{Username: "owner", Email: "ann@example.org"}
		in.EmailVerified, in.PasswordHash = true, hashOf(t, "Owners-own-horse-1")
	})
	for i, name := range []string{"ann@home", "ann@example.org", "аdmin", "bob", "Bob", "BOB"} {
		id := importAnn(t, s, func(in *clienttest.NewAccount) { in.Username = string(rune('p' + i)) })
		if err := store.ClaimUsername(t.Context(), id, name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := s.Client(clienttest.App)
		c.Post("auth/login", body{"username": name, "password": password}).Status(200)
		if got := c.Get("auth/session").Value("data", "user", "username"); got != string(rune('p'+i)) {
			t.Errorf("%s logs in to the account of %v", name, got)
		}
	}
	s.Client(clienttest.App).Post("auth/login", body{"username": "ann@example.org", "password": "Owners-own-horse-1"}).LoggedIn(ann)
}
