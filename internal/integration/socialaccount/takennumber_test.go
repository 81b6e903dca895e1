package socialaccount_test

import (
	"slices"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// A user who signs up through a provider can read the mails to the address that they type.
// The mails do not tell whether the number belongs to another user.
func TestMailsDoNotTellThatANumberIsTaken(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.SocialAccount.DisableAutoSignup = true
		cfg.Account.Phone = &account.PhoneConfig{}
		cfg.Account.SignupFields = []string{"email*", "phone*"}
	})
	_, err := clienttest.Create(t.Context(), w.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: "owner@example.org", Phone: "+31612345678"}, PhoneVerified: true})
	if err != nil {
		t.Fatal(err)
	}
	mails := map[string][]string{"taken": nil, "free": nil}
	for name, number := range map[string]string{"taken": "+31612345678", "free": "+31698765432"} {
		c := w.Client(app)
		w.byToken(c, "login", claims(name, name+"-verified@example.org")).Pending("provider_signup")
		c.Post("auth/provider/signup", body{"email": name + "@example.org", "phone": number}).Pending("verify_phone")
	}
	w.Stop() // sends what is queued
	for name := range mails {
		mails[name] = w.Mails(name + "@example.org")
	}
	if !slices.Equal(mails["taken"], mails["free"]) {
		t.Errorf("mails with a taken number: %v, with a free one: %v", mails["taken"], mails["free"])
	}
}
