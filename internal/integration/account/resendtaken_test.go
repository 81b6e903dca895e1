package account_test

import (
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// A user has added an address that another user has verified since. Requesting
// another mail sends no link to it, with the same response as for any address.
func TestNoLinkForAnAddressThatAnotherUserVerified(t *testing.T) {
	t.Parallel()
	s := start(t)
	const taken = "owner@example.org"
	c := s.SignUp(clienttest.App, "ann@example.org")
	c.Post("account/email", body{"email": taken}).Status(200)
	s.MailOf("account/email_confirmation", taken)
	s.Clock.Advance(4 * time.Minute)
	s.SignUp(clienttest.App, taken)
	for range 2 {
		s.Clock.Advance(4 * time.Minute)
		c.Put("account/email", body{"email": taken}).Status(200)
		if mail := s.Mail(taken); mail.Kind != "account/account_already_exists" || mail.Key() != "" {
			t.Errorf("the owner got %s", mail.Kind)
		}
	}
	c.Put("account/email", body{"email": taken}).Status(403) // too soon, as for a free address
}

// The mail with the code for an address of the account got lost. The user requests
// another one as often as the limits allow, also where a code that a sign-up waits for
// is not sent again.
func TestAnotherCodeForAnAddressOfTheAccount(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, byCode)
	c := s.SignUp(clienttest.App, ann)
	var codes []string
	for range 3 {
		s.Clock.Advance(clienttest.NextCode)
		c.Put("account/email", body{"email": ann}).Status(200)
		codes = append(codes, s.MailOf("account/email_confirmation", ann).Code())
	}
	c.Put("account/email", body{"email": ann}).Status(429)
	c.Post("auth/email/verify", body{"key": codes[1]}).Problems("key:incorrect_code")
	c.Post("auth/email/verify", body{"key": codes[2]}).LoggedIn(ann)
}
