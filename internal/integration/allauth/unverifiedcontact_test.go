package allauth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// unverified is passwordless, with accounts that are used before a contact is
// verified.
func unverified(cfg *allauth.Config) {
	passwordless(cfg)
	cfg.Account.LoginByCode.Required = false
	cfg.Account.Phone.VerificationDisabled = true
}

const (
	mobile      = "+31612345678"
	otherMobile = "+31687654321"
)

var firstPassword = clienttest.Body{"new_password": clienttest.Password}

// neverVerified returns a client whose user signed up an hour ago and verified
// nothing.
func neverVerified(s *clienttest.Server, kind clienttest.Kind, field, contact string) *clienttest.Client {
	c := s.Client(kind)
	c.Post("auth/signup", clienttest.Body{field: contact}).Status(200)
	s.Clock.Advance(time.Hour)
	return c
}

// A user without a verified contact is asked for a code, too, which goes to an
// unverified contact and verifies it.
func TestAnUnverifiedContactReauthenticates(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		for field, contact := range map[string]string{"email": owner, "phone": mobile} {
			s := clienttest.Start(t, unverified)
			c := neverVerified(s, kind, field, contact)
			flows := c.Post("account/password/change", firstPassword).Status(401).Flows()
			if !slices.Equal(flows, []string{"login_by_code"}) {
				t.Errorf("flows: %v", flows)
			}
			c.Post("auth/code/request", clienttest.Body{}).Status(401).Pending("login_by_code")
			if field == "phone" {
				text := s.Text(contact)
				if text.Kind != "reauthentication_code" {
					t.Errorf("kind %q: %s", text.Kind, text.TextMessage.Text)
				}
				c.Post("auth/code/confirm", clienttest.Body{"code": text.Code()}).Status(200)
			} else {
				c.Post("auth/code/confirm", clienttest.Body{"code": sentCode(s, "reauthentication_code", field, contact)}).Status(200)
			}
			items, _ := c.Get("account/" + field).Status(200).Value("data").([]any)
			if item, _ := items[0].(map[string]any); len(items) != 1 || item["verified"] != true {
				t.Errorf("contacts: %v", items)
			}
			c.Post("account/password/change", firstPassword).Status(200)
		}
	})
}

// A user with a mistyped contact can add the right one and, once that is
// verified, do everything else.
func TestTheRightContactCanBeAddedToAMistypedOne(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, unverified)
		c := neverVerified(s, kind, "email", "anm@example.org")
		c.Post("account/email", clienttest.Body{"email": owner}).Status(200)
		c.Post("account/password/change", firstPassword).Status(401)
		c.Post("auth/email/verify", clienttest.Body{"key": s.Mail(owner).Key()}).Status(200)
		// From now on there is a verified address, to which the code goes.
		c.Post("account/email", clienttest.Body{"email": "third@example.org"}).Status(401)
		c.Post("account/phone", clienttest.Body{"phone": mobile}).Status(401)
		c.Post("auth/code/request", clienttest.Body{"email": "anm@example.org"}).Status(401)
		c.Post("auth/code/confirm", clienttest.Body{"code": s.MailOf("account/reauthentication_code", owner).Code()}).Status(200)
		c.Delete("account/email", clienttest.Body{"email": "anm@example.org"}).Problems("email:cannot_remove_primary_email")
		c.Patch("account/email", clienttest.Body{"email": owner, "primary": true}).Status(200)
		c.Delete("account/email", clienttest.Body{"email": "anm@example.org"}).Status(200)
		c.Post("account/password/change", firstPassword).Status(200)

		c = neverVerified(s, kind, "phone", mobile)
		c.Post("account/phone", clienttest.Body{"phone": otherMobile}).Status(202)
		c.Post("auth/phone/verify", clienttest.Body{"code": s.Text(otherMobile).Code()}).Status(200)
		s.Clock.Advance(clienttest.NextNumber)
		c.Post("account/phone", clienttest.Body{"phone": mobile}).Status(401)
	})
}

// A session of such an account can do nothing else than add a contact.
func TestAnUnverifiedContactOpensNothingElse(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, unverified)
	c := neverVerified(s, clienttest.App, "email", owner)
	c.Post("account/email", clienttest.Body{"email": "second@example.org"}).Status(200)
	c.Patch("account/email", clienttest.Body{"email": "second@example.org", "primary": true}).Status(401)
	c.Delete("account/email", clienttest.Body{"email": "second@example.org"}).Status(401)
	c.Post("account/password/change", firstPassword).Status(401)
}

// No code goes to an address that another user has verified.
func TestAContactThatAnotherUserVerifiedGetsNoCode(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, unverified)
	c := neverVerified(s, clienttest.App, "email", "eve@example.org")
	c.Post("account/email", clienttest.Body{"email": owner}).Status(200)
	s.Clock.Advance(time.Hour)
	c.Post("auth/code/request", clienttest.Body{"email": owner}).Status(401)
	code := s.MailOf("account/reauthentication_code", owner).Code()
	if _, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: owner}, EmailVerified: true}); err != nil {
		t.Fatal(err)
	}
	c.Post("auth/code/confirm", clienttest.Body{"code": code}).Status(409)
	c.Post("auth/code/request", clienttest.Body{"email": owner}).Status(401)
	s.MailOf("account/reauthentication_code", "eve@example.org")
	c.Post("account/password/change", firstPassword).Status(401)
}
