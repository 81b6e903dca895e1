package users_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// A login that waits only for the answer whether the browser is trusted needs no credential
// any more. What ends the sessions of a user ends it, too, even if the user is enabled again
// before it would have expired.
func TestPendingLoginsEndWithTheSessions(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(ctx context.Context, w *world, id string) error{
		"Disable and Enable": func(ctx context.Context, w *world, id string) error {
			return errors.Join(w.Disable(ctx, id), w.Enable(ctx, id))
		},
		"EndSessions": func(ctx context.Context, w *world, id string) error { return w.EndSessions(ctx, id) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, func(cfg *allauth.Config) {
				cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.TOTP}, TrustEnabled: true}
			})
			w.t = t
			w.SignUp(app, ann)
			owner := w.LogIn(app, ann)
			secret, _ := owner.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
			code := func() string {
				w.Clock.Advance(30 * time.Second)
				code, err := totp.GenerateCode(secret, w.Clock.Now())
				w.must(err)
				return code
			}
			owner.Post("account/authenticators/totp", body{"code": code()}).Status(200)
			waits := func(stage string) *clienttest.Client {
				c := w.Client(clienttest.Browser)
				c.Post("auth/login", body{"email": ann, "password": password}).Pending("mfa_authenticate")
				if stage == "mfa_trust" {
					c.Post("auth/2fa/authenticate", body{"code": code()}).Pending(stage)
				}
				return c
			}
			forCode, shown, forTrust := waits("mfa_authenticate"), waits("mfa_trust"), waits("mfa_trust")
			w.Clock.Advance(time.Second)
			w.must(end(t.Context(), w, w.idOf(ann)))
			if forTrust.Post("auth/2fa/trust", body{"trust": true}); forTrust.Get("auth/session").Status(401).IsPending("mfa_trust") {
				t.Error("the login still waits")
			}
			if shown.Get("auth/session").Status(401).IsPending("mfa_trust") {
				t.Error("the session shows a login that has ended")
			}
			forCode.Post("auth/2fa/authenticate", body{"code": code()})
			forCode.Get("auth/session").Status(401)
			again := waits("mfa_trust")
			again.Post("auth/2fa/trust", body{"trust": true}).LoggedIn(ann)
		})
	}
}
