package provider

// openIDConnectEntries are the providers that publish their metadata at their
// issuer.
func openIDConnectEntries() []Entry {
	return []Entry{
		{ID: "openid_connect", Name: "OpenID Connect", Generic: true},
		{
			ID: "amazon_cognito", Name: "Amazon Cognito",
			issuer: "https://cognito-idp.{Region}.amazonaws.com/{UserPool}",
		},
		{ID: "auth0", Name: "Auth0", issuer: "{ServerURL}"},
		{ID: "authentiq", Name: "Authentiq", issuer: "{ServerURL}", defaults: map[string]string{"ServerURL": "https://connect.authentiq.io"}},
		{ID: "cilogon", Name: "CILogon", issuer: "https://cilogon.org", verified: "email_verified|verified_email", scopes: []string{"openid", "profile", "email", "org.cilogon.userinfo"}},
		{ID: "globus", Name: "Globus", issuer: "https://auth.globus.org"},
		{
			ID: "google", Name: "Google", issuer: "https://accounts.google.com", tokenInfo: "https://oauth2.googleapis.com/tokeninfo",
			// The azp of an Android app's tokens for the site is the app. Google
			// has no prompt that asks for the password.
			anyParty: true, reauthenticate: map[string]string{"prompt": "select_account"},
		},
		{ID: "lemonldap", Name: "LemonLDAP::NG", issuer: "{ServerURL}"},
		{ID: "netiq", Name: "NetIQ", issuer: "{ServerURL}/nidp/oauth/nam"},
		{ID: "okta", Name: "Okta", issuer: "{ServerURL}", adjust: oktaUsername},
		{
			ID: "quickbooks", Name: "QuickBooks", issuer: "https://oauth.platform.intuit.com/op/v1", verified: "emailVerified",
			metadata: "https://developer.api.intuit.com/.well-known/openid_configuration",
			scopes:   []string{"openid", "profile", "email", "phone", "com.intuit.quickbooks.accounting"},
		},
		{
			ID: "salesforce", Name: "Salesforce", issuer: "{ServerURL}", uid: "user_id",
			defaults: map[string]string{"ServerURL": "https://login.salesforce.com"},
		},
		{ID: "yahoo", Name: "Yahoo", issuer: "https://api.login.yahoo.com"},
	}
}
