package login

// The stages that a login passes, and the flows that are listed beside them.
const (
	StageLoginByCode        = "login_by_code"
	StageVerifyPhone        = "verify_phone"
	StageVerifyEmail        = "verify_email"
	StageMFAAuthenticate    = "mfa_authenticate"
	StageMFATrust           = "mfa_trust"
	StageMFASignupWebAuthn  = "mfa_signup_webauthn"
	StageMFAEnroll          = "mfa_enroll"
	FlowLogin               = "login"
	FlowSignup              = "signup"
	FlowProviderRedirect    = "provider_redirect"
	FlowProviderToken       = "provider_token"
	FlowProviderSignup      = "provider_signup"
	FlowMFALoginWebAuthn    = "mfa_login_webauthn"
	FlowReauthenticate      = "reauthenticate"
	FlowMFAReauthenticate   = "mfa_reauthenticate"
	FlowPasswordResetByCode = "password_reset_by_code"
	// FlowProviderReauthenticate is the flow by which the logged-in user
	// reauthenticates with a connected provider.
	FlowProviderReauthenticate = "provider_reauthenticate"
)

// offerOrder is the order in which flows are listed, a pending stage among them.
var offerOrder = []string{
	FlowLogin,
	StageLoginByCode,
	FlowSignup,
	FlowProviderRedirect,
	FlowProviderToken,
	FlowProviderSignup,
	FlowMFALoginWebAuthn,
	FlowReauthenticate,
	FlowMFAReauthenticate,
	FlowProviderReauthenticate,
	StageVerifyPhone,
	StageVerifyEmail,
	StageMFAAuthenticate,
	StageMFATrust,
	StageMFASignupWebAuthn,
	StageMFAEnroll,
	FlowPasswordResetByCode,
}
