package headless_test

import (
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/ratelimit"
)

// The first check that fails refuses a request: a user is logged in, the flow is
// pending, the method is allowed, the limits are not exceeded, the body is valid.
func TestTheOrderInWhichRequestsAreChecked(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, allFeatures, func(cfg *allauth.Config) {
		cfg.BaseURL, cfg.MFA.WebAuthnRPID, cfg.MFA.WebAuthnOrigins = "http://localhost", "localhost", []string{"http://localhost"}
		cfg.RateLimits = map[string]string{}
		for _, action := range []string{
			ratelimit.ActionLogin, ratelimit.ActionSignup, ratelimit.ActionReauthenticate, ratelimit.ActionChangePassword,
			ratelimit.ActionManageEmail, ratelimit.ActionChangePhone, ratelimit.ActionResetPasswordFromKey,
		} {
			cfg.RateLimits[action] = "3/h/ip"
		}
	})
	const noJSON = "{"
	for _, c := range []struct {
		method, endpoint string
		anonymous        int
		loggedIn         int
		exhausted        int // after exceeding its limit
	}{
		{"PATCH", "account/authenticators/totp", 401, 405, 405},
		{"PATCH", "account/authenticators/webauthn", 401, 405, 405},
		{"DELETE", "account/phone", 405, 405, 405},
		{"DELETE", "auth/password/reset", 405, 405, 405},
		{"DELETE", "auth/code/confirm", 409, 409, 409},
		{"DELETE", "auth/2fa/authenticate", 401, 401, 401},
		{"POST", "auth/code/confirm", 409, 409, 409},
		{"POST", "auth/2fa/authenticate", 401, 401, 401},
		{"POST", "auth/provider/signup", 409, 409, 409},
		{"POST", "auth/login", 400, 400, 429},
		{"POST", "auth/signup", 400, 400, 429},
		{"POST", "auth/webauthn/signup", 400, 400, 429},
		{"PUT", "auth/webauthn/signup", 400, 400, 429},
		{"POST", "auth/password/reset", 400, 400, 429},
		{"POST", "auth/reauthenticate", 401, 400, 429},
		{"POST", "account/password/change", 401, 400, 429},
		{"POST", "account/email", 409, 400, 429},
		{"PUT", "account/email", 401, 400, 429},
		{"PATCH", "account/email", 401, 400, 429},
		{"DELETE", "account/email", 401, 400, 429},
		{"POST", "account/phone", 409, 400, 429},
		{"PUT", "account/authenticators/webauthn", 401, 400, 400},
		{"DELETE", "auth/sessions", 401, 400, 400},
	} {
		t.Run(c.method+" "+c.endpoint, func(t *testing.T) {
			user := s.SignUp(clienttest.App, "user"+s.Client(clienttest.App).Address.String()+"@example.org")
			anonymous := s.Client(clienttest.App)
			user.Address = s.Client(clienttest.App).Address
			anonymous.Do(c.method, c.endpoint, noJSON).Status(c.anonymous)
			for range 3 {
				user.Do(c.method, c.endpoint, noJSON).Status(c.loggedIn)
			}
			user.Do(c.method, c.endpoint, noJSON).Status(c.exhausted)
		})
	}
}
