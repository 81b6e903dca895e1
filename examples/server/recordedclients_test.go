package main

import (
	"net/http"
	"strings"
)

// swiftClient is github.com/openbase-community/allauth-client-swift at 5569083. It sends
// an access token in place of the session token once it has one, no body with some POST
// requests, and ids as texts.
var swiftClient = recorded{
	name: "allauth-client-swift", version: "5569083",
	base: "/_allauth/app/v1",
	config: map[string]any{
		"headless": map[string]any{"token_strategy": "jwt", "jwt_algorithm": "HS256"},
		"account": map[string]any{
			"login_by_code_enabled": true, "email_verification_by_code_enabled": true, "reauthentication_required": true,
		},
		"mfa": map[string]any{"supported_types": []string{"totp", "recovery_codes", "webauthn"}},
	},
	send: func(c *caller, r *http.Request) {
		r.Header.Set("User-Agent", "django-allauth-swift-app")
		if access := c.kept["access"]; access != "" {
			r.Header.Set("Authorization", "Bearer "+access)
		} else if token := c.kept["token"]; token != "" {
			r.Header.Set("X-Session-Token", token)
		}
	},
	learn: func(c *caller, r *http.Request, status int, body map[string]any) {
		for path, name := range map[string]string{
			"meta.session_token": "token", "meta.access_token": "access", "meta.refresh_token": "refresh",
			"data.access_token": "access", "data.refresh_token": "refresh",
		} {
			if text, isText := at(body, path).(string); isText {
				c.kept[name] = text
			}
		}
		if isLogout := r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, "/auth/session"); isLogout || status == http.StatusGone {
			c.kept["token"], c.kept["access"], c.kept["refresh"] = "", "", ""
		}
	},
	calls: []recordedCall{
		{call: "GET /config", status: 200, reads: []string{"data.account.login_by_code_enabled=true"}},
		{call: "GET /auth/session", status: 401, reads: []string{"meta.is_authenticated=false", "data.flows.login"}},
		{call: "POST /auth/signup", body: `{"email": "ann@example.org", "password": "short"}`, status: 400, reads: []string{"errors.password.message"}},
		{call: "POST /auth/signup", body: `{"email": "ann@example.org", "password": "$password"}`, status: 401,
			reads: []string{"meta.session_token", "data.flows.verify_email.is_pending=true"}},
		{call: "POST /auth/email/verify", body: `{"key": "AAAA-AAAA"}`, status: 400, reads: []string{"errors.key.message"}},
		{call: "POST /auth/email/verify", body: `{"key": "$code"}`, status: 200, reads: []string{
			"meta.is_authenticated=true", "meta.access_token", "meta.refresh_token>old", "data.user.email=ann@example.org", "data.user.has_usable_password=true",
		}},
		// From here on with the access token alone.
		{call: "GET /auth/session", status: 200, reads: []string{"meta.is_authenticated=true", "data.user.id", "data.methods"}},
		{call: "POST /tokens/refresh", body: `{"refresh_token": "$refresh"}`, status: 200, reads: []string{"data.access_token", "data.refresh_token"}},
		{call: "GET /account/email", status: 200, reads: []string{"data.0.email=ann@example.org", "data.0.verified=true", "data.0.primary=true"}},
		{call: "POST /account/email", body: `{"email": "second@example.org"}`, status: 401,
			reads: []string{"meta.is_authenticated=true", "data.flows.reauthenticate"}},
		{call: "POST /auth/reauthenticate", body: `{"password": "wrong"}`, status: 400, reads: []string{"errors.password.message"}},
		{call: "POST /auth/reauthenticate", body: `{"password": "$password"}`, status: 200, reads: []string{"meta.is_authenticated=true"}},
		{call: "POST /account/email", body: `{"email": "second@example.org"}`, status: 200, reads: []string{"data.1.email=second@example.org", "data.1.verified=false"}},
		{call: "PUT /account/email", body: `{"email": "second@example.org"}`, status: 403},
		{call: "POST /auth/email/verify", body: `{"key": "$code"}`, status: 200, reads: []string{"meta.is_authenticated=true"}},
		{call: "PATCH /account/email", body: `{"email": "second@example.org", "primary": true}`, status: 200, reads: []string{"data.1.primary=true"}},
		{call: "PATCH /account/email", body: `{"email": "ann@example.org", "primary": true}`, status: 200, reads: []string{"data.0.primary=true"}},
		{call: "DELETE /account/email", body: `{"email": "second@example.org"}`, status: 200, reads: []string{"data.0.email=ann@example.org"}},
		{call: "GET /account/authenticators/totp", status: 404, reads: []string{"meta.secret>secret"}},
		{call: "POST /account/authenticators/totp", body: `{"code": "$totp"}`, status: 200, reads: []string{"data.type=totp"}},
		{call: "POST /account/authenticators/recovery-codes", status: 200, reads: []string{"data.unused_codes.0>recovery", "data.total_code_count=10"}},
		{call: "GET /account/authenticators/recovery-codes", status: 200, reads: []string{"data.unused_codes.0", "data.total_code_count"}},
		{call: "GET /account/authenticators", status: 200, reads: []string{
			"data.totp.created_at", "data.recovery_codes.total_code_count=10", "data.recovery_codes.unused_code_count=10",
		}},
		{call: "GET /account/authenticators/webauthn?passwordless", status: 200, reads: []string{
			"data.creation_options.publicKey.rp.id", "data.creation_options.publicKey.challenge", "data.creation_options.publicKey.user.id",
			"data.creation_options.publicKey.user.name",
		}},
		{call: "DELETE /account/authenticators/webauthn", body: `{"authenticators": ["99"]}`, status: 400, reads: []string{"errors.authenticators.message"}},
		{call: "GET /auth/sessions", status: 200, reads: []string{
			"data.0.id>session", "data.0.is_current=true", "data.0.user_agent=django-allauth-swift-app", "data.0.ip=127.0.0.1", "data.0.created_at",
		}},
		{call: "GET /account/providers", status: 404},
		{call: "POST /account/password/change", body: `{"current_password": "$password", "new_password": "$password-new"}`, status: 200},
		{call: "DELETE /auth/session", status: 401, reads: []string{"meta.is_authenticated=false"}},
		{call: "POST /auth/login", body: `{"email": "ann@example.org", "password": "$password"}`, status: 400, reads: []string{"errors.password.message"}},
		{call: "POST /auth/login", body: `{"email": "ann@example.org", "password": "$password-new"}`, status: 401,
			reads: []string{"data.flows.mfa_authenticate.is_pending=true", "data.flows.mfa_authenticate.types.1=totp"}},
		{call: "POST /auth/2fa/authenticate", body: `{"code": "000000"}`, status: 400, reads: []string{"errors.code.message"}},
		{call: "POST /auth/2fa/authenticate", body: `{"code": "$recovery"}`, status: 200, reads: []string{"meta.is_authenticated=true", "meta.access_token"}},
		{call: "DELETE /account/authenticators/totp", status: 200},
		{call: "GET /auth/sessions", status: 200, reads: []string{"data.0.id>session"}},
		// Ending the own session by its id, which is a text.
		{call: "DELETE /auth/sessions", body: `{"sessions": ["$session"]}`, status: 401, reads: []string{"meta.is_authenticated=false"}},
	},
}

// reactExample is examples/react-spa/frontend of github.com/pennersr/django-allauth at
// 20f4bde, whose whole interface was also run in Chromium. It sends the CSRF token with
// every request except that for the configuration, and "null" before it has one.
var reactExample = recorded{
	name: "react-spa", version: "20f4bde",
	base: "/_allauth/browser/v1",
	config: map[string]any{
		"account": map[string]any{
			"login_by_code_enabled": true, "email_verification_by_code_enabled": true, "password_reset_by_code_enabled": true,
		},
		"mfa": map[string]any{"supported_types": []string{"totp", "recovery_codes", "webauthn"}, "passkey_login_enabled": true, "trust_enabled": true},
	},
	send: func(c *caller, r *http.Request) {
		if r.URL.Path == "/_allauth/browser/v1/config" {
			return
		}
		r.Header.Set("X-CSRFToken", "null")
		if token := c.cookie("csrftoken"); token != "" {
			r.Header.Set("X-CSRFToken", token)
		}
	},
	calls: []recordedCall{
		{call: "GET /auth/session", status: 401, reads: []string{"meta.is_authenticated=false", "data.flows.login"}},
		{call: "GET /config", status: 200, reads: []string{
			"data.account.email_verification_by_code_enabled=true", "data.account.login_by_code_enabled=true", "data.mfa", "data.usersessions",
		}},
		{call: "POST /auth/signup", body: `{"email": "ann@example.org", "password": "$password"}`, status: 401, reads: []string{"data.flows.verify_email.is_pending=true"}},
		{call: "POST /auth/email/verify", body: `{"key": "$code"}`, status: 200, reads: []string{"meta.is_authenticated=true", "data.methods", "data.user.id"}},
		{call: "GET /account/authenticators/totp", status: 404, reads: []string{"meta.secret>secret", "meta.totp_url"}},
		{call: "POST /account/authenticators/totp", body: `{"code": "$totp"}`, status: 401, reads: []string{"meta.is_authenticated=true", "data.flows.0.id=reauthenticate", "data.methods"}},
		{call: "POST /auth/reauthenticate", body: `{"password": "$password"}`, status: 200, reads: []string{"data.methods.0.method=password"}},
		{call: "POST /account/authenticators/totp", body: `{"code": "000000"}`, status: 400, reads: []string{"errors.code.message"}},
		{call: "POST /account/authenticators/totp", body: `{"code": "$totp"}`, status: 200},
		{call: "POST /account/authenticators/recovery-codes", status: 200, reads: []string{"data.unused_codes.0>recovery"}},
		{call: "GET /auth/sessions", status: 200, reads: []string{"data.0.is_current=true", "data.0.created_at", "data.0.ip", "data.0.user_agent"}},
		{call: "GET /account/email", status: 200, reads: []string{"data.0.primary=true"}},
		{call: "DELETE /auth/session", status: 401, reads: []string{"meta.is_authenticated=false"}},
		{call: "POST /auth/login", body: `{"email": "ann@example.org", "password": "$password"}`, status: 401, reads: []string{
			"data.flows.mfa_authenticate.is_pending=true", "data.flows.mfa_authenticate.types.0=recovery_codes",
		}},
		{call: "POST /auth/2fa/authenticate", body: `{"code": "$recovery"}`, status: 401, reads: []string{"data.flows.mfa_trust.is_pending=true"}},
		{call: "POST /auth/2fa/trust", body: `{"trust": false}`, status: 200, reads: []string{"meta.is_authenticated=true"}},
		{call: "DELETE /account/authenticators/totp", status: 200},
		{call: "DELETE /auth/session", status: 401},
		{call: "GET /auth/webauthn/login", status: 200, reads: []string{"data.request_options.publicKey.challenge"}},
		{call: "POST /auth/password/request", body: `{"email": "ann@example.org"}`, status: 401, reads: []string{"data.flows.password_reset_by_code.is_pending=true"}},
		{call: "GET /auth/password/reset X-Password-Reset-Key:$code", status: 200},
		{call: "POST /auth/password/reset", body: `{"key": "$sent", "password": "$password-2"}`, status: 401, reads: []string{"meta.is_authenticated=false"}},
		{call: "POST /auth/code/request", body: `{"email": "ann@example.org"}`, status: 401, reads: []string{"data.flows.login_by_code.is_pending=true"}},
		{call: "POST /auth/code/confirm", body: `{"code": "$code"}`, status: 200, reads: []string{"meta.is_authenticated=true"}},
	},
}

// allauthJS is @octue/allauth-js 0.4.3, whose functions were also called in Chromium,
// from the origin of the API and from another one. The path of its API is fixed, and it
// sends the CSRF token only with what changes something.
var allauthJS = recorded{
	name: "allauth-js", version: "0.4.3",
	base: "/auth/api/browser/v1",
	config: map[string]any{
		"headless": map[string]any{"base_path": "/auth/api"},
		"account":  map[string]any{"login_by_code_enabled": true},
		"mfa":      map[string]any{"supported_types": []string{"totp", "recovery_codes"}},
	},
	send: func(c *caller, r *http.Request) {
		if token := c.cookie("csrftoken"); token != "" && r.Method != http.MethodGet {
			r.Header.Set("X-CSRFToken", token)
		}
	},
	calls: []recordedCall{
		{call: "GET /config", status: 200, reads: []string{"data.account"}},
		{call: "GET /auth/session", status: 401, reads: []string{"meta.is_authenticated=false"}},
		{call: "POST /auth/signup", body: `{"email": "ann@example.org", "password": "$password"}`, status: 401, reads: []string{"data.flows.verify_email.is_pending=true"}},
		{call: "GET /auth/email/verify X-Email-Verification-Key:$key", status: 200, reads: []string{"data.email=ann@example.org", "data.user"}},
		{call: "POST /auth/email/verify", body: `{"key": "$sent"}`, status: 401},
		{call: "POST /auth/login", body: `{"email": "ann@example.org", "password": "wrong"}`, status: 400, reads: []string{"errors.password.message", "errors.password.code"}},
		{call: "POST /auth/login", body: `{"email": "ann@example.org", "password": "$password"}`, status: 200, reads: []string{"meta.is_authenticated=true", "data.user"}},
		{call: "GET /account/authenticators/totp", status: 404, reads: []string{"meta.secret>secret"}},
		{call: "POST /account/authenticators/totp", body: `{"code": "$totp"}`, status: 200, reads: []string{"data.type=totp"}},
		{call: "GET /account/authenticators", status: 200, reads: []string{"data.totp"}},
		{call: "DELETE /account/authenticators/totp", status: 200},
		{call: "POST /account/password/change", body: `{"current_password": "$password", "new_password": "$password-new"}`, status: 200},
		{call: "DELETE /auth/session", status: 401, reads: []string{"meta.is_authenticated=false"}},
		{call: "POST /auth/password/request", body: `{"email": "ann@example.org"}`, status: 200},
		{call: "GET /auth/password/reset X-Password-Reset-Key:$key", status: 200},
		{call: "POST /auth/password/reset", body: `{"key": "$sent", "password": "$password-2"}`, status: 401},
		{call: "POST /auth/code/request", body: `{"email": "ann@example.org"}`, status: 401, reads: []string{"data.flows.login_by_code.is_pending=true"}},
		{call: "POST /auth/code/confirm", body: `{"code": "$code"}`, status: 200, reads: []string{"meta.is_authenticated=true"}},
		{call: "DELETE /auth/session", status: 401},
	},
}
