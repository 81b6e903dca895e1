package login

// The stages a login walks through.
const (
	StageLoginByCode        = "login_by_code"
	StageVerifyPhone        = "verify_phone"
	StageVerifyEmail        = "verify_email"
	StageMFAAuthenticate    = "mfa_authenticate"
	StageMFATrust           = "mfa_trust"
	StageMFASignupWebAuthn  = "mfa_signup_webauthn"
	FlowLogin               = "login"
	FlowSignup              = "signup"
	FlowProviderRedirect    = "provider_redirect"
	FlowProviderToken       = "provider_token"
	FlowProviderSignup      = "provider_signup"
	FlowMFALoginWebAuthn    = "mfa_login_webauthn"
	FlowReauthenticate      = "reauthenticate"
	FlowMFAReauthenticate   = "mfa_reauthenticate"
	FlowPasswordResetByCode = "password_reset_by_code"
)

// offerOrder is the order in which flows are listed. The pending stage goes
// where pendingStage stands, unless it is listed already.
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
	"provider_reauthenticate",
	StageVerifyPhone,
	StageVerifyEmail,
	StageMFAAuthenticate,
	StageMFATrust,
	StageMFASignupWebAuthn,
	FlowPasswordResetByCode,
}
