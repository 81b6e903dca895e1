package allauthtest_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/allauthtest"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage/memstore"
)

// CreateUser and LogIn work whatever the application requires at sign-up and
// login.
func TestUsersCanLogIn(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(cfg *allauth.Config){
		"by email address":     func(*allauth.Config) {},
		"by username":          func(cfg *allauth.Config) { cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername} },
		"verification by code": func(cfg *allauth.Config) { cfg.Account.EmailVerificationByCode = &account.CodeConfig{} },
		"no verification":      func(cfg *allauth.Config) { cfg.Account.EmailVerification = authn.VerificationNone },
		"sign-up is closed":    func(cfg *allauth.Config) { cfg.Account.SignupClosed = true },
		"sign-up asks for more": func(cfg *allauth.Config) {
			cfg.Account.SignupFields = []string{"email*", "email2*", "username*", "password1*"}
		},
		"a code is required": func(cfg *allauth.Config) { cfg.Account.LoginByCode = &account.LoginByCodeConfig{Required: true} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := allauthtest.New(t, edit)
			app := httptest.NewServer(newApp(server.Auth))
			t.Cleanup(app.Close)
			ann := server.CreateUser("Ann@Example.org")
			if ann.Email != "ann@example.org" {
				t.Errorf("the address is %q", ann.Email)
			}
			if status, text := get(t, server.LogIn(ann), app.URL+"/me"); status != 200 || text != ann.ID {
				t.Errorf("ann's page: %d %s", status, text)
			}
			if server.Token(ann) == "" {
				t.Error("the app has no token")
			}
		})
	}
}

func TestTheHostsOwnStore(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	server := allauthtest.NewOn(t, store)
	ann := server.CreateUser("ann@example.org")
	if user, err := store.UserByID(t.Context(), ann.ID); err != nil || user.ID != ann.ID {
		t.Errorf("UserByID = %v, %v", user, err)
	}
}

// A test can set what the application's users need.
func TestUsersHaveWhatTheApplicationNeeds(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	server := allauthtest.NewOn(t, store, func(cfg *allauth.Config) { cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername} })
	ann := server.CreateUser("ann@example.org", func(u *authn.NewUser) {
		u.Username, u.Display = "annie", "Ann Example"
		u.Extra = map[string]json.RawMessage{"company": json.RawMessage(`"ACME"`)}
	})
	user, err := store.UserByID(t.Context(), ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	if ann.Username != "annie" || user.Display != "Ann Example" || string(user.Extra["company"]) != `"ACME"` {
		t.Errorf("user %+v, stored as %+v", ann, user)
	}
	if server.Token(ann) == "" {
		t.Error("the user cannot log in")
	}
}

func TestCreateUserAndLogInSendNoMail(t *testing.T) {
	t.Parallel()
	server := allauthtest.New(t)
	server.LogIn(server.CreateUser("ann@example.org"))
	if err := server.Auth.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if mails, texts := server.Mails(), server.Texts(); len(mails)+len(texts) > 0 {
		t.Errorf("mails %v, text messages %v", mails, texts)
	}
}
