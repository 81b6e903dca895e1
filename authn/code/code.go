// Package code names the codes that the API answers with: Code of authn.Error, and
// the errors of a login by redirect. Clients go by them, and hooks of a host may
// refuse with them or with codes of their own. The codes never change.
package code

// Problems of a request as a whole, and of any field.
const (
	// InvalidJSON means that the body is not one JSON object.
	InvalidJSON = "invalid_json"
	// UnsupportedMediaType means that the body is not sent as application/json.
	UnsupportedMediaType = "unsupported_media_type"
	// TooLarge means that the body is larger than the API reads.
	TooLarge = "too_large"
	// Required means that a field is missing or empty.
	Required = "required"
	// Invalid means that a value is of the wrong type or malformed.
	Invalid = "invalid"
	// InvalidChoice means that a value is none of those that can be chosen, or the
	// id of something that the user does not have.
	InvalidChoice = "invalid_choice"
	// InvalidList means that a value is not a list.
	InvalidList = "invalid_list"
	// InvalidPKValue means that an entry of a list is no id.
	InvalidPKValue = "invalid_pk_value"
	// MaxLength means that a value is longer than the field allows.
	MaxLength = "max_length"
	// MinLength means that a value is shorter than the field allows.
	MinLength = "min_length"
	// NullCharactersNotAllowed means that a text holds a NUL character.
	NullCharactersNotAllowed = "null_characters_not_allowed"
	// SelectOnlyOne means that the client sent both an email address and a phone
	// number.
	SelectOnlyOne = "select_only_one"
	// TooManyLoginAttempts means that the attempts for a user or a client are used
	// up for a while.
	TooManyLoginAttempts = "too_many_login_attempts"
)

// Problems of logins, codes and links.
const (
	// InvalidLogin means that the client did not send exactly one of email, username
	// and phone.
	InvalidLogin = "invalid_login"
	// EmailPasswordMismatch means that the email address is unknown or the password
	// is incorrect.
	EmailPasswordMismatch = "email_password_mismatch"
	// UsernamePasswordMismatch means that the username is unknown or the password is
	// incorrect.
	UsernamePasswordMismatch = "username_password_mismatch"
	// PhonePasswordMismatch means that the phone number is unknown or the password
	// is incorrect.
	PhonePasswordMismatch = "phone_password_mismatch"
	// UnknownEmail means that no account, or not that of the user, has the email
	// address.
	UnknownEmail = "unknown_email"
	// UnknownPhone means that no account has the phone number.
	UnknownPhone = "unknown_phone"
	// IncorrectCode means that a code, or the answer of a security key, is
	// incorrect.
	IncorrectCode = "incorrect_code"
	// UnknownCredential means that no user has the security key or passkey, which the
	// client may tell the authenticator (signalUnknownCredential).
	UnknownCredential = "unknown_credential"
	// IncorrectPassword means that the password of a reauthentication is incorrect.
	IncorrectPassword = "incorrect_password"
	// InvalidOrExpiredKey means that the key of a link that verifies an email
	// address is invalid or has expired.
	InvalidOrExpiredKey = "invalid_or_expired_key"
	// InvalidPasswordReset means that the key of a password reset is invalid,
	// expired or used.
	InvalidPasswordReset = "invalid_password_reset"
)

// Problems of accounts and their contacts.
const (
	// EmailTaken means that another account has the email address.
	EmailTaken = "email_taken"
	// UsernameTaken means that another account has the username.
	UsernameTaken = "username_taken"
	// PhoneTaken means that another account has the phone number.
	PhoneTaken = "phone_taken"
	// UsernameBlacklisted means that the host does not allow the username.
	UsernameBlacklisted = "username_blacklisted"
	// InvalidPhone means that a phone number is malformed or lacks its country code.
	InvalidPhone = "invalid_phone"
	// DuplicateEmail means that the account of the user has the email address
	// already.
	DuplicateEmail = "duplicate_email"
	// SameAsCurrent means that a new contact is the present one.
	SameAsCurrent = "same_as_current"
	// MaxEmailAddresses means that the account has as many email addresses as it may
	// have.
	MaxEmailAddresses = "max_email_addresses"
	// AddEmailBlocked means that an account with a second factor cannot add an
	// unverified email address.
	AddEmailBlocked = "add_email_blocked"
	// CannotRemovePrimaryEmail means that the email address is the primary one beside
	// others, or the only way to log in, and cannot be removed.
	CannotRemovePrimaryEmail = "cannot_remove_primary_email"
	// UnverifiedPrimaryEmail means that an unverified email address cannot take the
	// place of a verified primary one.
	UnverifiedPrimaryEmail = "unverified_primary_email"
)

// Problems of passwords.
const (
	// EnterCurrentPassword means that the current password is incorrect.
	EnterCurrentPassword = "enter_current_password"
	// PasswordTooShort means that a new password is shorter than the policy asks
	// for.
	PasswordTooShort = "password_too_short"
	// PasswordTooCommon means that a new password is one that attackers try first.
	PasswordTooCommon = "password_too_common"
	// PasswordBreached means that a new password is in a list of breached ones.
	PasswordBreached = "password_breached"
	// PasswordTooSimilar means that a new password is too similar to the name or the
	// contacts of the user.
	PasswordTooSimilar = "password_too_similar"
	// PasswordEntirelyNumeric means that a new password has digits only.
	PasswordEntirelyNumeric = "password_entirely_numeric"
)

// Problems of second factors.
const (
	// UnverifiedEmail means that the account has an unverified email address, and
	// cannot have authenticators.
	UnverifiedEmail = "unverified_email"
	// Impersonated means that the request is not allowed while the user acts as another
	// one, see Auth.Impersonate.
	Impersonated = "impersonated"
	// MFARequired means that a route of the host asks for a second factor, and the
	// account has none.
	MFARequired = "mfa_required"
	// PhishingResistantRequired means that a route of the host asks for a security key or
	// a passkey, and the account has none.
	PhishingResistantRequired = "phishing_resistant_required"
	// MFAEnrollBlocked means that the user has to add a second factor, and the account
	// has no email address or phone number to which a code can be sent first.
	MFAEnrollBlocked = "mfa_enroll_blocked"
	// MaxSecurityKeys means that the user has as many security keys as an account
	// may have.
	MaxSecurityKeys = "max_security_keys"
	// CannotDeleteAuthenticator means that the authenticator is the only way to log
	// in.
	CannotDeleteAuthenticator = "cannot_delete_authenticator"
	// CannotGenerateRecoveryCodes means that recovery codes need another
	// authenticator beside them.
	CannotGenerateRecoveryCodes = "cannot_generate_recovery_codes"
)

// Problems of providers.
const (
	// ClientIDRequired means that a token came without the client id that it was
	// issued for.
	ClientIDRequired = "client_id_required"
	// TokenRequired means that neither an ID token nor an access token was sent.
	TokenRequired = "token_required"
	// InvalidToken means that the provider rejects the token.
	InvalidToken = "invalid_token"
	// TokenAuthenticationNotSupported means that the provider has no login by token.
	TokenAuthenticationNotSupported = "token_authentication_not_supported"
	// AccountNotFound means that the user has not connected the account at the
	// provider.
	AccountNotFound = "account_not_found"
	// ConnectedOther means that another user has connected the account at the
	// provider.
	ConnectedOther = "connected_other"
	// DisconnectLast means that the last account at a provider is the only way to
	// log in.
	DisconnectLast = "disconnect_last"
	// NoPassword means that the last account at a provider cannot be disconnected
	// without a password.
	NoPassword = "no_password"
	// NoVerifiedEmail means that the last account at a provider cannot be
	// disconnected without a verified email address.
	NoVerifiedEmail = "no_verified_email"
)

// Errors of a login by redirect, in the query of the address that the browser
// returns to.
const (
	// Unknown means that the login failed at the provider, or for a reason that the
	// client is not told.
	Unknown = "unknown"
	// Cancelled means that the user declined at the provider.
	Cancelled = "cancelled"
	// PermissionDenied means that a connection was asked for by a client that is not
	// logged in.
	PermissionDenied = "permission_denied"
	// ReauthenticationRequired means that the user must reauthenticate before an
	// account is connected.
	ReauthenticationRequired = "reauthentication_required"
	// SignupClosed means that the host accepts no new accounts.
	SignupClosed = "signup_closed"
)
