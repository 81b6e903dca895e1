package provider

// openIDConnectEntries are the providers that publish all there is to know at
// their issuer.
func openIDConnectEntries() []Entry {
	return []Entry{
		{ID: "openid_connect", Name: "OpenID Connect", Generic: true},
		{
			ID: "amazon_cognito", Name: "Amazon Cognito", Slug: "amazon-cognito",
			issuer: "https://cognito-idp.{REGION}.amazonaws.com/{USER_POOL}",
		},
		{ID: "auth0", Name: "Auth0", issuer: "{AUTH0_URL}"},
		{ID: "authentiq", Name: "Authentiq", issuer: "{PROVIDER_URL}", defaults: map[string]string{"PROVIDER_URL": "https://connect.authentiq.io"}},
		{ID: "cilogon", Name: "CILogon", issuer: "https://cilogon.org", verified: "email_verified|verified_email", scopes: []string{"openid", "profile", "email", "org.cilogon.userinfo"}},
		{ID: "globus", Name: "Globus", issuer: "https://auth.globus.org"},
		{
			ID: "google", Name: "Google", issuer: "https://accounts.google.com", tokenInfo: "https://oauth2.googleapis.com/tokeninfo",
			// An app for Android is azp of the tokens it gets for the site. Google
			// has no prompt that asks for the password.
			anyParty: true, reauthenticate: map[string]string{"prompt": "select_account"},
		},
		{ID: "lemonldap", Name: "LemonLDAP::NG", issuer: "{LEMONLDAP_URL}"},
		{ID: "netiq", Name: "NetIQ", issuer: "{NETIQ_URL}/nidp/oauth/nam"},
		{ID: "okta", Name: "Okta", issuer: "https://{OKTA_BASE_URL}", adjust: oktaUsername},
		{
			ID: "quickbooks", Name: "QuickBooks", issuer: "https://oauth.platform.intuit.com/op/v1", verified: "emailVerified",
			metadata: "https://developer.api.intuit.com/.well-known/openid_configuration",
			scopes:   []string{"openid", "profile", "email", "phone", "com.intuit.quickbooks.accounting"},
		},
		{
			ID: "salesforce", Name: "Salesforce", issuer: "{SALESFORCE_URL}", uid: "user_id",
			defaults: map[string]string{"SALESFORCE_URL": "https://login.salesforce.com"}, keySetting: "SALESFORCE_URL",
		},
		{ID: "yahoo", Name: "Yahoo", issuer: "https://api.login.yahoo.com"},
	}
}
