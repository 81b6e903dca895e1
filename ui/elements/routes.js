// The addresses of the screens, below the path of the pages. A screen is for users who are
// logged in or out, for the pending flow of that name, or for all. {key} stands for the key
// of a mail. The rest of this file is JSON, which the server reads, too.
export default {
  "": {"screen": "profile", "for": "in"},
  "login": {"screen": "login", "for": "out"},
  "login/code": {"screen": "request-code", "for": "out"},
  "login/code/confirm": {"screen": "code", "for": "login_by_code"},
  "signup": {"screen": "signup", "for": "out"},
  "signup/passkey": {"screen": "passkey-signup", "for": "out"},
  "signup/passkey/create": {"screen": "create-passkey", "for": "mfa_signup_webauthn"},
  "verify-email": {"screen": "verify-email", "for": "verify_email"},
  "verify-email/{key}": {"screen": "confirm-email", "for": "all"},
  "verify-phone": {"screen": "verify-phone", "for": "verify_phone"},
  "password/reset": {"screen": "request-reset", "for": "out"},
  "password/reset/code": {"screen": "reset-password", "for": "password_reset_by_code"},
  "password/reset/key/{key}": {"screen": "reset-password", "for": "all"},
  "2fa/authenticate": {"screen": "second-factor", "for": "mfa_authenticate"},
  "2fa/trust": {"screen": "trust", "for": "mfa_trust"},
  "login-alert/{key}": {"screen": "login-alert", "for": "all"},
  "provider/callback": {"screen": "provider-callback", "for": "all"},
  "provider/signup": {"screen": "provider-signup", "for": "provider_signup"},
  "email": {"screen": "emails", "for": "in"},
  "phone": {"screen": "phone", "for": "in"},
  "password/change": {"screen": "password", "for": "in"},
  "2fa": {"screen": "factors", "for": "in"},
  "2fa/totp": {"screen": "totp", "for": "in"},
  "2fa/recovery-codes": {"screen": "recovery-codes", "for": "in"},
  "2fa/webauthn": {"screen": "keys", "for": "in"},
  "providers": {"screen": "connections", "for": "in"},
  "sessions": {"screen": "sessions", "for": "in"},
  "activity": {"screen": "activity", "for": "in"},
  "delete": {"screen": "delete", "for": "in"}
}
