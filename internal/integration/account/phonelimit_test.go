package account_test

import (
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// One number a minute can be tried. A request that was refused until the user
// reauthenticates does not count.
func TestReauthenticationCostsNoChangeOfNumber(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"phone": "+31201234567", "password": password}).Status(401)
	c.Post("auth/phone/verify", body{"code": s.Text("+31201234567").Code()}).Status(200)
	c.Post("account/phone", body{"phone": "+31207654321"}).Status(401)
	c.Post("auth/reauthenticate", body{"password": password}).Status(200)
	c.Post("account/phone", body{"phone": "+31207654321"}).Status(202)
	c.Post("account/phone", body{"phone": "+31207654322"}).Status(429)
}
