package faults_test

import (
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/storage"
)

// The form of a sign-up through a provider whose username is taken while it is sent
// can be sent again, also where what waits for it is kept outside of the transaction.
func TestUsernameTakenDuringTheFormOfAProvider(t *testing.T) {
	t.Parallel()
	for name, challenges := range map[string]func(t *testing.T) storage.Parts{
		"in the transaction": func(*testing.T) storage.Parts { return storage.Parts{} },
		"elsewhere": func(t *testing.T) storage.Parts {
			t.Helper()
			store, _ := teststore.OpenSQL(t)
			return storage.Parts{Challenges: elsewhere{store}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var store *clienttest.Interrupted
			s := startSiteOn(t, func(s *site) storage.Store {
				store = &clienttest.Interrupted{Store: storage.Compose(s.store, challenges(t))}
				return store
			}, providers, func(_ *site, cfg *allauth.Config) {
				cfg.SocialAccount.DisableAutoSignup = true
				cfg.Account.SignupFields = []string{"email*", "username*", "password1*"}
			})
			c := s.Client(app)
			s.fromProvider(c, 1).Status(401).Pending("provider_signup")
			store.Interrupt(func() {
				if _, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Username: "ann"}}); err != nil {
					t.Error(err)
				}
			})
			c.Post("auth/provider/signup", body{"email": email(1), "username": "ann"}).Problems("username:username_taken")
			if store.IsArmed() {
				t.Fatal("the name was not taken meanwhile")
			}
			c.Post("auth/provider/signup", body{"email": email(1), "username": "anna"}).LoggedIn(email(1))
		})
	}
}
