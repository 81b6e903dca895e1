package timing_test

import (
	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/socialaccount"
	socialprovider "github.com/allauth-go/allauth/socialaccount/provider"
)

// op is an OpenID provider.
var op = func() *demoprovider.Provider {
	p, err := demoprovider.Start(demoprovider.Config{ClientID: "op", ClientSecret: "op-secret"}, "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return p
}()

func provider(cfg *allauth.Config) {
	cfg.SocialAccount = &socialaccount.Config{Providers: []socialprovider.App{{
		Provider: "openid_connect", ProviderID: "op", Name: "OP", ClientID: "op", ClientSecret: "op-secret",
		Settings: socialprovider.Settings{ServerURL: op.Issuer()},
	}}}
}

// providerForm requires an address of all users who sign up through a provider.
func providerForm(cfg *allauth.Config) { cfg.SocialAccount.DisableAutoSignup = true }

// byProvider logs in with an address that the provider has not verified.
func byProvider(name string) step {
	return byToken(name, func(s subject) map[string]any { return map[string]any{"email": s.email, "email_verified": false} })
}

func byToken(name string, claims func(s subject) map[string]any) step {
	return step{name, 401, func(c *clienttest.Client, s subject) *clienttest.Answer {
		all := claims(s)
		all["sub"], all["name"] = s.username, "Ann Example"
		token, err := op.IDToken(all)
		if err != nil {
			panic(err)
		}
		return c.Post("auth/provider/token", body{
			"provider": "op", "process": "login", "token": body{"client_id": "op", "id_token": token},
		})
	}}
}

var (
	signupByProvider = byProvider("sign up")
	providerAsksForm = byProvider("ask for the form")
	providerVerifies = byToken("ask for the form, with a verified address", func(s subject) map[string]any {
		return map[string]any{"email": "verified-" + s.email, "email_verified": true}
	})
	completeWithPhone = post("sign up", 401, "auth/provider/signup", func(s subject) body { return body{"email": s.email, "phone": s.phone} })

	completeByProvider = post("sign up", 401, "auth/provider/signup", func(s subject) body { return body{"email": s.email} })
)
