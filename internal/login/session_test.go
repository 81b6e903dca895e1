package login_test

import (
	"testing"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
)

// A user who reauthenticates again and again does not make the session grow, and does
// not lose the methods of the login.
func TestASessionRemembersSoManyMethods(t *testing.T) {
	t.Parallel()
	s := login.NewSession(login.App, authn.Client{})
	s.AddMethod("1", authn.Method{Name: "password"})
	s.AddMethod("1", authn.Method{Name: "mfa"})
	for range 1000 {
		s.AddMethod("1", authn.Method{Name: "password", Reauthenticated: true})
	}
	methods := s.State.Methods
	if len(methods) != 50 || methods[0].Reauthenticated || methods[1].Name != "mfa" || !methods[49].Reauthenticated {
		t.Errorf("%d methods: %v", len(methods), methods)
	}
}
