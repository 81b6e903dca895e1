package api

import (
	"slices"

	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/ratelimit"
)

// table returns all routes of the API. A request is checked against its row from left to
// right: 401, 403, 409, 405, 429, then the body.
func (h *Handler) table() []route {
	return slices.Concat(h.sessionRoutes(), h.accountRoutes(), h.selfServiceRoutes(), h.codeRoutes(), h.mfaRoutes(), h.webAuthnRoutes(), h.socialRoutes())
}

func (h *Handler) sessionRoutes() []route {
	return []route{
		{paths: []string{"config"}, impersonated: true, methods: methods{"GET": {do: h.config}}},
		{paths: []string{"auth/session"}, impersonated: true, methods: methods{
			"GET":    {do: h.showSession},
			"DELETE": {do: h.logout},
		}},
		{paths: []string{"auth/reauthenticate"}, local: true, login: true, methods: methods{
			"POST": {limit: ratelimit.ActionReauthenticate, do: step(required("password", (*form).password), h.account.Reauthenticate)},
		}},
		{paths: []string{"auth/sessions", "sessions"}, login: true, methods: methods{
			"GET":    {do: h.listSessions},
			"DELETE": {do: with(field("sessions", (*form).ids), h.endSessions)},
		}},
		{paths: []string{"tokens/refresh"}, kind: login.App, methods: methods{"POST": {do: with((*form).refreshToken, h.refreshTokens)}}},
	}
}

func (h *Handler) accountRoutes() []route {
	email := required("email", (*form).email)
	return []route{
		{paths: []string{"account/activity"}, off: h.trail == nil || !h.trail.ShowToUsers, login: true, methods: methods{"GET": {do: h.activity}}},
		{paths: []string{"auth/login"}, local: true, methods: methods{
			"POST": {flowLimit: ratelimit.ActionLogin, do: h.login},
		}},
		{paths: []string{"auth/signup"}, local: true, methods: methods{
			"POST": {flowLimit: ratelimit.ActionSignup, do: with((*form).signup, h.signup)},
		}},
		{paths: []string{"auth/email/verify"}, awaits: h.account.EmailKey, methods: methods{
			"GET":  {do: h.showVerification},
			"POST": {passes: true, do: confirm("key", h.account.VerifyEmail)},
		}},
		{paths: []string{"auth/password/request"}, local: true, methods: methods{"POST": {do: with(email, h.requestReset)}}},
		{paths: []string{"auth/password/reset"}, local: true, methods: methods{
			"GET":  {do: h.showReset},
			"POST": {limit: ratelimit.ActionResetPasswordFromKey, do: h.resetPassword},
		}},
		{paths: []string{"account/email"}, login: true, methods: methods{
			"GET":    {do: h.listEmails},
			"PUT":    {limit: ratelimit.ActionManageEmail, do: with(email, h.resendEmail)},
			"PATCH":  {limit: ratelimit.ActionManageEmail, do: h.setPrimaryEmail},
			"DELETE": {limit: ratelimit.ActionManageEmail, do: with(email, h.removeEmail)},
		}},
		{paths: []string{"account/email"}, awaits: unlessLoggedIn(h.account.CorrectableEmail), methods: methods{
			"POST": {limit: ratelimit.ActionManageEmail, do: with(email, h.addEmail)},
		}},
		{paths: []string{"account/password/change"}, local: true, login: true, methods: methods{
			"POST": {limit: ratelimit.ActionChangePassword, do: with((*form).passwordChange, h.changePassword)},
		}},
	}
}

// selfServiceRoutes returns the routes of the deletion of an account and of the export of
// its data, those of a login that was not the owner's, and of an invitation that is
// accepted with a passkey. They are not part of the contract.
func (h *Handler) selfServiceRoutes() []route {
	passkeys := h.mfa != nil && h.mfa.Config().PasskeySignupEnabled && factors.Supports(h.mfa.Config(), mfa.WebAuthn)
	return []route{
		{paths: []string{"account/deletion"}, off: !h.cfg.Users.DeletionEnabled, login: true, methods: methods{
			"GET":    {do: h.showDeletion},
			"POST":   {do: h.requestDeletion},
			"DELETE": {do: h.cancelDeletion},
		}},
		{paths: []string{"account/export"}, off: !h.cfg.Users.ExportEnabled, login: true, methods: methods{"GET": {do: h.export}}},
		{paths: []string{"account/login-alert"}, off: !h.account.Config().LoginAlerts, methods: methods{
			"GET":  {do: h.showLoginAlert},
			"POST": {limit: ratelimit.ActionResetPasswordFromKey, do: with(required("key", (*form).code), h.disownLogin)},
		}},
		{paths: []string{"auth/invitation"}, off: !passkeys, local: true, methods: methods{
			"POST": {limit: ratelimit.ActionResetPasswordFromKey, do: step(required("key", (*form).code), h.acceptInvitation)},
		}},
	}
}

// codeRoutes returns the routes of one-time codes and phone numbers.
func (h *Handler) codeRoutes() []route {
	noCodes, noPhones := !h.account.LoginByCodeRequestable(), !h.account.PhoneEnabled()
	return []route{
		{paths: []string{"auth/code/request"}, off: noCodes, local: true, methods: methods{"POST": {do: with((*form).contact, h.requestLoginCode)}}},
		{paths: []string{"auth/code/confirm"}, awaits: h.account.LoginCode, methods: methods{
			"POST": {passes: true, do: confirm("code", h.account.ConfirmLoginCode)},
		}},
		{paths: []string{"auth/code/resend"}, off: noCodes && !h.pipeline.RequiresEnrollment(), methods: methods{"POST": {do: resend(h.account.LoginCode)}}},
		{paths: []string{"auth/email/verify/resend"}, methods: methods{"POST": {do: resend(h.account.EmailCode)}}},
		{paths: []string{"auth/phone/verify"}, awaits: h.account.PhoneCode, methods: methods{
			"POST": {passes: true, do: confirm("code", h.account.VerifyPhone)},
		}},
		{paths: []string{"auth/phone/verify/resend"}, methods: methods{"POST": {do: resend(h.account.PhoneCode)}}},
		{paths: []string{"account/phone"}, off: noPhones, login: true, methods: methods{"GET": {do: h.showPhone}}},
		{paths: []string{"account/phone"}, off: noPhones, awaits: unlessLoggedIn(h.account.CorrectablePhone), methods: methods{
			"POST": {limit: ratelimit.ActionChangePhone, do: with(field("phone", (*form).text), h.changePhone)},
		}},
	}
}

// mfaRoutes returns the routes of second factors. If a type is not supported, users can
// still log in with authenticators of that type, but not manage them.
func (h *Handler) mfaRoutes() []route {
	if h.mfa == nil {
		return nil
	}
	cfg := h.mfa.Config()
	return []route{
		{paths: []string{"auth/2fa/authenticate"}, pending: h.mfa.CheckPending, methods: methods{
			"POST": {passes: true, do: step((*form).authenticatorCode, h.mfa.Authenticate)},
		}},
		{paths: []string{"auth/2fa/reauthenticate"}, login: true, methods: methods{
			"POST": {do: step((*form).authenticatorCode, h.mfa.Reauthenticate)},
		}},
		{paths: []string{"auth/2fa/trust"}, off: !h.mfa.OffersTrust(), kind: login.Browser, pending: h.mfa.CheckTrustPending, methods: methods{
			"POST": {do: step(field("trust", (*form).truthy), h.mfa.Trust)},
		}},
		{paths: []string{"account/authenticators"}, login: true, methods: methods{"GET": {do: h.listAuthenticators}}},
		{paths: []string{"account/authenticators/totp"}, off: !factors.Supports(cfg, mfa.TOTP), login: true, methods: methods{
			"GET":    {enrolls: true, do: h.showTOTP},
			"POST":   {enrolls: true, do: with((*form).authenticatorCode, h.activateTOTP)},
			"DELETE": {do: h.deactivateTOTP},
		}},
		{paths: []string{"account/authenticators/recovery-codes", "account/authenticators/recovery_codes"}, off: !factors.Supports(cfg, mfa.RecoveryCodes), login: true, methods: methods{
			"GET":  {do: h.showRecoveryCodes},
			"POST": {do: h.resetRecoveryCodes},
		}},
	}
}

// webAuthnRoutes returns the routes of security keys and passkeys.
func (h *Handler) webAuthnRoutes() []route {
	if h.mfa == nil || !factors.Supports(h.mfa.Config(), mfa.WebAuthn) {
		return nil
	}
	cfg := h.mfa.Config()
	return []route{
		{paths: []string{"auth/webauthn/authenticate"}, pending: h.mfa.CheckPending, methods: methods{
			"GET":  {do: options("request_options", h.mfa.KeyRequestOptions)},
			"POST": {passes: true, do: step((*form).credential, h.mfa.AuthenticateByKey)},
		}},
		{paths: []string{"auth/webauthn/reauthenticate"}, login: true, methods: methods{
			"GET":  {do: options("request_options", h.mfa.KeyReauthenticationOptions)},
			"POST": {do: step((*form).credential, h.mfa.ReauthenticateByKey)},
		}},
		{paths: []string{"auth/webauthn/login"}, off: !cfg.PasskeyLoginEnabled, methods: methods{
			"GET":  {do: options("request_options", h.mfa.PasskeyRequestOptions)},
			"POST": {do: step((*form).credential, h.mfa.LogInByPasskey)},
		}},
		{paths: []string{"auth/webauthn/signup"}, off: !cfg.PasskeySignupEnabled, local: true, methods: methods{
			"POST": {flowLimit: ratelimit.ActionSignup, do: with((*form).passkeySignup, h.signupByPasskey)},
			"GET":  {do: options("creation_options", h.mfa.SignupOptions)},
			"PUT":  {limit: ratelimit.ActionSignup, do: h.finishPasskeySignup},
		}},
		{paths: []string{"account/authenticators/webauthn"}, login: true, pending: h.mfa.CheckMayAddKey, methods: methods{
			"GET":  {enrolls: true, do: h.newKey},
			"POST": {enrolls: true, do: with((*form).newKey, h.addKey)},
		}},
		{paths: []string{"account/authenticators/webauthn"}, login: true, methods: methods{
			"PUT":    {do: h.renameKey},
			"DELETE": {do: with((*form).keyIDs, h.removeKeys)},
		}},
	}
}

// socialRoutes returns the routes of logins through providers.
func (h *Handler) socialRoutes() []route {
	if h.social == nil {
		return nil
	}
	return []route{
		{paths: []string{"auth/provider/redirect"}, kind: login.Browser, form: true, methods: methods{"POST": {do: h.providerRedirect}}},
		{paths: []string{"auth/provider/token"}, methods: methods{"POST": {do: step(h.providerToken, h.social.Token)}}},
		{paths: []string{"auth/provider/signup"}, pending: h.social.CheckSignupPending, methods: methods{
			"GET":  {do: h.showProviderSignup},
			"POST": {limit: ratelimit.ActionSignup, do: step((*form).providerSignup, h.social.CompleteSignup)},
		}},
		{paths: []string{"account/providers"}, login: true, methods: methods{
			"GET":    {do: h.listProviders},
			"DELETE": {do: with((*form).connected, h.disconnectProvider)},
		}},
	}
}
