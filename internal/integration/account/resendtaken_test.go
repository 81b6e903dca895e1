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
