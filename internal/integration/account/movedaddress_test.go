package account_test

import (
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// A login code was sent to an address or number that its user then removes from
// the account, perhaps because another person reads it. The code is invalid then.
func TestALoginCodeDiesWithItsAddress(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	owner := s.Client(clienttest.App)
	owner.Post("auth/signup", body{"phone": "+31201234567", "email": "ann@example.org", "password": password}).Status(401)
	owner.Post("auth/phone/verify", body{"code": s.Text("+31201234567").Code()}).LoggedIn("ann@example.org")
	owner.Post("auth/email/verify", body{"key": s.Mail("ann@example.org").Key()}).Status(200)
	owner.Post("auth/reauthenticate", body{"password": password}).Status(200)
	owner.Post("account/email", body{"email": "old@example.org"}).Status(200)
	owner.Post("auth/email/verify", body{"key": s.Mail("old@example.org").Key()}).Status(200)

	thief, reader := s.Client(clienttest.App), s.Client(clienttest.App)
	thief.Post("auth/code/request", body{"phone": "+31201234567"}).Status(401).Pending("login_by_code")
	texted := s.Text("+31201234567").Code()
	reader.Post("auth/code/request", body{"email": "old@example.org"}).Status(401).Pending("login_by_code")
	mailed := s.MailOf("account/login_code", "old@example.org").Code()
	owner.Post("account/phone", body{"phone": "+31207654321"}).Status(202)
	owner.Post("auth/phone/verify", body{"code": s.Text("+31207654321").Code()}).Status(200)
	owner.Delete("account/email", body{"email": "old@example.org"}).Status(200)

	thief.Post("auth/code/confirm", body{"code": texted}).Status(409)
	reader.Post("auth/code/confirm", body{"code": mailed}).Status(409)
	owner.Get("auth/session").LoggedIn("ann@example.org")
	if phones := owner.Get("account/phone").Text; phones != `{"status":200,"data":[{"phone":"+31207654321","verified":true}]}` {
		t.Errorf("the owner's number is %s", phones)
	}
	if emails := owner.Get("account/email").Text; emails != `{"status":200,"data":[{"email":"ann@example.org","verified":true,"primary":true}]}` {
		t.Errorf("the owner's addresses are %s", emails)
	}
}
