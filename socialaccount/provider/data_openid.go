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
		{ID: "auth0", Name: "Auth0", issuer: "{AUTH0_URL}", issuers: nil},
		{ID: "authentiq", Name: "Authentiq", issuer: "{PROVIDER_URL}", defaults: map[string]string{"PROVIDER_URL": "https://connect.authentiq.io"}},
		{ID: "cilogon", Name: "CILogon", issuer: "https://cilogon.org", scopes: []string{"openid", "profile", "email", "org.cilogon.userinfo"}},
		{ID: "globus", Name: "Globus", issuer: "https://auth.globus.org"},
		{
			ID: "google", Name: "Google", issuer: "https://accounts.google.com",
			// Google's documentation allows both spellings of the issuer.
			issuers: []string{"accounts.google.com"},
		},
		{ID: "lemonldap", Name: "LemonLDAP::NG", issuer: "{LEMONLDAP_URL}"},
		{ID: "netiq", Name: "NetIQ", issuer: "{NETIQ_URL}/nidp/oauth/nam"},
		{ID: "okta", Name: "Okta", issuer: "https://{OKTA_BASE_URL}"},
		{
			ID: "quickbooks", Name: "QuickBooks", issuer: "https://oauth.platform.intuit.com/op/v1", verified: "emailVerified",
			scopes: []string{"openid", "profile", "email", "phone", "com.intuit.quickbooks.accounting"},
		},
		{ID: "salesforce", Name: "Salesforce", issuer: "{SALESFORCE_URL}", uid: "user_id", defaults: map[string]string{"SALESFORCE_URL": "https://login.salesforce.com"}},
		{ID: "yahoo", Name: "Yahoo", issuer: "https://api.login.yahoo.com"},
	}
}
