package account_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// generating names users who sign up without a username.
func generating(cfg *allauth.Config) {
	cfg.Account.GenerateUsernames = true
	cfg.Account.EmailVerification = authn.VerificationNone
}

// nameOf returns the username and the display name of the user who is logged in.
func nameOf(a *clienttest.Answer) (username, display string) {
	username, _ = a.Status(200).Value("data", "user", "username").(string)
	display, _ = a.Value("data", "user", "display").(string)
	return username, display
}

// signUp signs up without a username.
func signUp(s *clienttest.Server, email string) *clienttest.Answer {
	return s.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": email, "password": clienttest.Password})
}

// A user is shown by a generated username, of which there is one each, and never by
// the email address.
func TestUsersAreShownByGeneratedUsernames(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, generating)
	if username, display := nameOf(signUp(s, "Ann.Lee+list@example.org")); username != "ann.leelist" || display != username {
		t.Errorf("the first user has the username %q and the display name %q", username, display)
	}
	username, display := nameOf(signUp(s, "ann.leelist@other.example"))
	if suffix, ok := strings.CutPrefix(username, "ann.leelist"); !ok || len(suffix) != 4 || display != username {
		t.Errorf("the second user has the username %q and the display name %q", username, display)
	}
	again := s.LogIn(clienttest.Browser, "ann.leelist@other.example").Get("auth/session")
	if same, _ := nameOf(again); same != username {
		t.Errorf("the username changed from %q to %q", username, same)
	}
}

// An account of before, which has no username, is not shown by its address either.
func TestNoUserIsShownByTheAddress(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, generating)
	user, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: "ann@example.org"}, EmailVerified: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Auth.Users().SetPassword(t.Context(), user.ID, clienttest.Password); err != nil {
		t.Fatal(err)
	}
	if username, display := nameOf(s.LogIn(clienttest.App, "ann@example.org").Get("auth/session")); username != "" || display != user.ID {
		t.Errorf("the user has the username %q and the display name %q", username, display)
	}
}

// A name that the host's rules refuse to a user is not given to one.
func TestGeneratedUsernamesFollowTheRules(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, generating, func(cfg *allauth.Config) {
		cfg.Account.UsernameBlacklist = []string{"admin"}
		cfg.Account.UsernameMinLength = 9
		cfg.Account.ValidateUsername = func(_ context.Context, username string) error {
			if username == "reservedname" {
				return &authn.Error{Code: "reserved"}
			}
			return nil
		}
	})
	for local, want := range map[string]int{"admin": 9, "al": 9, "reservedname": 16, "longenough": 10} {
		username, _ := nameOf(signUp(s, local+"@example.org"))
		if !strings.HasPrefix(username, local) || len(username) != want {
			t.Errorf("%s@example.org got the username %q", local, username)
		}
	}
}

// Users who sign up at the same time, with the same part before the @, all get an
// account and a username of their own.
func TestGeneratedUsernamesOfSignupsAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, generating, clienttest.Unlimited)
	names := make([]string, 16)
	clienttest.Parallel(len(names), func(i int) {
		names[i], _ = nameOf(signUp(s, fmt.Sprintf("info@host%d.example", i)))
	})
	seen := map[string]bool{}
	for _, name := range names {
		if !strings.HasPrefix(name, "info") || seen[name] {
			t.Errorf("the usernames %q", names)
		}
		seen[name] = true
	}
}
