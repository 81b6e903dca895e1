package provider

import (
	"encoding/json"
	"slices"
	"testing"
)

// openIDSample is the URL of a provider's metadata, the requested scope, its user
// info, and the identity that is read from it.
type openIDSample struct{ id, metadata, scope, userInfo, want string }

var openIDSamples = []openIDSample{
	{
		"amazon_cognito", "https://cognito-idp.eu-west-1.amazonaws.com/pool/.well-known/openid-configuration", "openid profile email",
		`{"sub":"248289761001","email_verified":"true","given_name":"Ann","family_name":"Example","username":"annie","email":"ann@example.org"}`,
		"248289761001 <ann@example.org!> @ Ann/Example",
	},
	{
		"auth0", "https://ann.auth0.com/.well-known/openid-configuration", "openid profile email",
		`{"sub":"auth0|5c0a","nickname":"annie","name":"Ann Example","email":"ann@example.org","email_verified":false,"updated_at":"2026-01-01T00:00:00Z"}`,
		"auth0|5c0a <ann@example.org?> @ Ann/Example",
	},
	{
		"authentiq", "https://connect.authentiq.io/.well-known/openid-configuration", "openid profile email",
		`{"sub":"ZLARGMFT1M","given_name":"Ann","family_name":"Example","name":"Ann Example","preferred_username":"annie","email":"ann@example.org","email_verified":true}`,
		"ZLARGMFT1M <ann@example.org!> @annie Ann/Example",
	},
	{
		"cilogon", "https://cilogon.org/.well-known/openid-configuration", "openid profile email org.cilogon.userinfo",
		`{"sub":"http://cilogon.org/serverA/users/42","idp":"https://idp.example.org","idp_name":"Example","given_name":"Ann","family_name":"Example","email":"ann@example.org","verified_email":true}`,
		"http://cilogon.org/serverA/users/42 <ann@example.org!> @ Ann/Example",
	},
	{
		"globus", "https://auth.globus.org/.well-known/openid-configuration", "openid profile email",
		`{"sub":"ae341a98","preferred_username":"annie@globusid.org","name":"Ann Example","email":"ann@example.org","identity_provider":"41143743"}`,
		"ae341a98 <ann@example.org?> @annie@globusid.org Ann/Example",
	},
	{
		"google", "https://accounts.google.com/.well-known/openid-configuration", "openid profile email",
		`{"sub":"110169484474386276334","name":"Ann Example","given_name":"Ann","family_name":"Example","picture":"https://lh3.example.org/a","email":"ann@example.org","email_verified":true,"hd":"example.org"}`,
		"110169484474386276334 <ann@example.org!> @ Ann/Example",
	},
	{
		"lemonldap", "https://l.example.org/.well-known/openid-configuration", "openid profile email",
		`{"sub":"annie","preferred_username":"annie","name":"Ann Example","email":"ann@example.org"}`,
		"annie <ann@example.org?> @annie Ann/Example",
	},
	{
		"netiq", "https://n.example.org/nidp/oauth/nam/.well-known/openid-configuration", "openid profile email",
		`{"sub":"d4c094dd899ab0408fb9d4c094dd899a","given_name":"Ann","family_name":"Example","email":"ann@example.org"}`,
		"d4c094dd899ab0408fb9d4c094dd899a <ann@example.org?> @ Ann/Example",
	},
	{
		"okta", "https://ann.okta.com/.well-known/openid-configuration", "openid profile email",
		`{"sub":"00u33ow83pjQpCQJr1j8","name":"Ann Example","preferred_username":"annie@example.org","given_name":"Ann","family_name":"Example","email":"ann@example.org","email_verified":true}`,
		"00u33ow83pjQpCQJr1j8 <ann@example.org!> @annie Ann/Example",
	},
	{
		"openid_connect", "https://id.example.org/.well-known/openid-configuration", "openid profile email",
		`{"sub":"248289761001","name":"Ann Example","preferred_username":"annie","email":"ann@example.org","email_verified":true}`,
		"248289761001 <ann@example.org!> @annie Ann/Example",
	},
	{
		"quickbooks", "https://developer.api.intuit.com/.well-known/openid_configuration", "openid profile email phone com.intuit.quickbooks.accounting",
		`{"sub":"1182d6ec","givenName":"Ann","familyName":"Example","email":"ann@example.org","emailVerified":true,"phoneNumber":"+1 650 5550100","phoneNumberVerified":false}`,
		"1182d6ec <ann@example.org!> @ Ann/Example",
	},
	{
		"salesforce", "https://login.salesforce.com/.well-known/openid-configuration", "openid profile email",
		`{"sub":"https://login.salesforce.com/id/00Dx0000001T0zk/005x0000001S2b9","user_id":"005x0000001S2b9","organization_id":"00Dx0000001T0zk","preferred_username":"annie@example.org","email":"ann@example.org","email_verified":true,"given_name":"Ann","family_name":"Example"}`,
		"005x0000001S2b9 <ann@example.org!> @annie@example.org Ann/Example",
	},
	{
		"yahoo", "https://api.login.yahoo.com/.well-known/openid-configuration", "openid profile email",
		`{"sub":"FSVIDUW3D7FSVIDUW3D72F2F","name":"Ann Example","given_name":"Ann","family_name":"Example","locale":"en-US","email":"ann@example.org","email_verified":true}`,
		"FSVIDUW3D7FSVIDUW3D72F2F <ann@example.org!> @ Ann/Example",
	},
}

func TestEveryOpenIDProviderIsRead(t *testing.T) {
	t.Parallel()
	for _, sample := range openIDSamples {
		t.Run(sample.id, func(t *testing.T) {
			t.Parallel()
			e := entryOf(t, sample.id)
			app := appOf(sample.id)
			issuer, err := serverURL(app, e)
			if err != nil {
				t.Fatal(err)
			}
			var info map[string]any
			if err := json.Unmarshal([]byte(sample.userInfo), &info); err != nil {
				t.Fatal(err)
			}
			claims := with(with(goodClaims(), "iss", issuer), "sub", info["sub"])
			for _, told := range []string{"email", "email_verified", "given_name", "family_name", "preferred_username"} {
				delete(claims, told)
			}
			w := openIDWorld(t, signedToken(t, claims))
			w.answers[sample.metadata], w.answers["/userinfo"] = metadataOf(issuer), sample.userInfo
			id, err := logIn(t, w, app, nil)
			if err != nil || summary(id) != sample.want {
				t.Fatalf("read %v, %v, want %s", id, err, sample.want)
			}
			if asked := w.seen[0].URL.String(); asked != sample.metadata {
				t.Errorf("the metadata is asked for at %s", asked)
			}
			if query := w.authorization.Query(); query.Get("scope") != sample.scope || query.Get("nonce") != "n" || !query.Has("code_challenge") {
				t.Errorf("the browser is sent to %s", w.authorization)
			}
		})
	}
	for _, e := range openIDConnectEntries() {
		if !slices.ContainsFunc(openIDSamples, func(sample openIDSample) bool { return sample.id == e.ID }) {
			t.Errorf("%s has no sample", e.ID)
		}
	}
}
