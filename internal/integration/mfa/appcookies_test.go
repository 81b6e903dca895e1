package mfa_test

import (
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// The cookie of a trusted browser counts in the browser API only, not from an
// app.
func TestTheAppAPIReadsNoCookies(t *testing.T) {
	t.Parallel()
	for name, required := range map[string]bool{"second factor": false, "required code": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(cfg *allauth.Config) {
				if required {
					cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}, TrustEnabled: true}
				}
			})
			stage := map[bool]string{false: "mfa_authenticate", true: "login_by_code"}[required]
			trusted := s.Client(clienttest.Browser)
			if required {
				user, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: ann}, EmailVerified: true})
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Auth.Users().SetPassword(t.Context(), user.ID, password); err != nil {
					t.Fatal(err)
				}
				trusted.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending(stage)
				trusted.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("mfa_trust")
				trusted.Post(trustPath, body{"trust": true}).LoggedIn(ann)
				trusted.Delete("auth/session", nil).Status(401)
			} else {
				_, a := withApp(t, s, clienttest.App, ann)
				trusted = trusting(t, s, a, ann)
			}
			trusted.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
			cookies := ""
			for _, name := range []string{"mfa_trusted", "known_device", "sessionid", "csrftoken"} {
				cookies += name + "=" + trusted.Cookie(name) + "; "
			}
			app := s.Client(clienttest.App)
			app.Header.Set("Cookie", cookies)
			app.Get("auth/session").Status(401)
			answer := app.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending(stage)
			if len(answer.Cookies()) > 0 {
				t.Errorf("an app got the cookies %v", answer.Cookies())
			}
		})
	}
}
