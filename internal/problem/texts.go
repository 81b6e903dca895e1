package problem

import "github.com/allauth-go/allauth/authn/code"

// table holds the texts of problems by code and field. They say what to do; clients
// go by the code.
type table map[string]map[string]string

// anyField stands for the fields that have no text of their own.
const anyField = "*"

const (
	validEmail    = "Enter a valid email address."
	shorterEmail  = "Enter an email address of at most 254 characters."
	validPhone    = "Enter a phone number with its country code, like +31612345678."
	passwordText  = "Enter the password as a text."
	shorterSecret = "Enter a password of at most %d bytes."
	authenticator = "Send the id of one of your authenticators."
	session       = "Send the id of one of your sessions."
	securityKey   = "The security key was not recognized. Try again."
	requestCode   = "The code is incorrect. Check it, or request a new one."
)

var texts = table{
	// The body and its fields.
	code.InvalidJSON:          {anyField: "Send the body as one JSON object."},
	code.UnsupportedMediaType: {anyField: "Send the body as application/json."},
	code.TooLarge:             {anyField: "Send a smaller body."},
	code.Required:             {anyField: "This field is required."},
	code.Invalid: {
		anyField:           "Enter a valid value.",
		"account":          "Send the id of the account as a text.",
		"code":             "Enter the code as a text or a number.",
		"credential":       "Send the answer of the security key as an object.",
		"current_password": passwordText,
		"email":            validEmail,
		"email2":           validEmail,
		"key":              "Enter the code or key as a text or a number.",
		"name":             "Enter the name as a text.",
		"new_password":     passwordText,
		"password":         passwordText,
		"phone":            validPhone,
		"primary":          "Send true or false.",
		"provider":         "Send the id of the provider as a text.",
		"refresh_token":    "Send the refresh token as a text.",
		"username":         "Enter a username of letters of one alphabet, digits and . + - _ only.",
	},
	code.InvalidChoice: {
		"authenticators": authenticator,
		"id":             authenticator,
		"process":        "Send login or connect.",
		"sessions":       session,
	},
	code.InvalidList: {anyField: "Send a list of values."},
	code.InvalidPKValue: {
		"authenticators": authenticator,
		"sessions":       session,
	},
	code.MaxLength: {
		anyField:           "Enter a shorter value.",
		"current_password": shorterSecret,
		"email":            shorterEmail,
		"email2":           shorterEmail,
		"new_password":     shorterSecret,
		"password":         shorterSecret,
		"phone":            validPhone,
		"username":         "Enter a username of at most 150 characters.",
	},
	code.MinLength:                {"username": "Enter a username of at least %d characters."},
	code.NullCharactersNotAllowed: {anyField: "Remove the null characters."},
	code.SelectOnlyOne:            {anyField: "Provide either an email address or a phone number."},
	code.TooManyLoginAttempts:     {anyField: "Too many attempts. Try again later."},

	// Logins, codes and links.
	code.InvalidLogin:             {anyField: "Provide exactly one of email, username or phone."},
	code.EmailPasswordMismatch:    {anyField: "The email address or the password is incorrect. Check both."},
	code.UsernamePasswordMismatch: {anyField: "The username or the password is incorrect. Check both."},
	code.PhonePasswordMismatch:    {anyField: "The phone number or the password is incorrect. Check both."},
	code.UnknownEmail:             {anyField: "No account uses this email address. Check it, or sign up."},
	code.UnknownPhone:             {anyField: "No account uses this phone number. Check it, or sign up."},
	code.IncorrectCode: {
		"code":       requestCode,
		"key":        requestCode,
		"credential": securityKey,
		"":           securityKey, // of a registration
	},
	code.IncorrectPassword:    {anyField: "The password is incorrect. Check it, and try again."},
	code.InvalidOrExpiredKey:  {anyField: "The link is invalid or has expired. Request a new one."},
	code.InvalidPasswordReset: {anyField: "The link is invalid or was used before. Request a new one."},

	// Accounts and their contacts.
	"":                            {"email2": "Enter the same email address twice."},
	code.EmailTaken:               {anyField: "Another account uses this email address. Log in to that account, or enter another address."},
	code.UsernameTaken:            {anyField: "This username is taken. Enter another one."},
	code.PhoneTaken:               {anyField: "Another account uses this phone number. Log in to that account, or enter another number."},
	code.UsernameBlacklisted:      {anyField: "This username cannot be used. Enter another one."},
	code.InvalidPhone:             {anyField: validPhone},
	code.DuplicateEmail:           {anyField: "This email address is already on your account. Enter another one."},
	code.MaxEmailAddresses:        {anyField: "Your account cannot have more email addresses. Remove one first."},
	code.AddEmailBlocked:          {anyField: "Turn off two-factor authentication before you add an email address."},
	code.CannotRemovePrimaryEmail: {anyField: "Make another email address your primary one before you remove this one."},
	code.UnverifiedPrimaryEmail:   {anyField: "Verify this email address before you make it your primary one."},
	code.SameAsCurrent: {
		"email": "Enter an email address that differs from the current one.",
		"phone": "Enter a phone number that differs from the current one.",
	},

	// Passwords.
	code.EnterCurrentPassword:    {anyField: "Enter your current password."},
	code.PasswordTooShort:        {anyField: "Choose a password of at least %d characters."},
	code.PasswordTooCommon:       {anyField: "The password is too common. Choose another one."},
	code.PasswordTooSimilar:      {anyField: "The password is too similar to your name or email address. Choose another one."},
	code.PasswordEntirelyNumeric: {anyField: "The password cannot be entirely numeric."},

	// Second factors, and users who act as others.
	code.Impersonated:                {anyField: "Stop acting as this user first."},
	code.UnverifiedEmail:             {anyField: "Verify your email address first."},
	code.MFARequired:                 {anyField: "Add an authenticator to your account first."},
	code.MaxSecurityKeys:             {anyField: "Remove a security key before you add another one."},
	code.CannotDeleteAuthenticator:   {anyField: "Set a password before you remove your only way to log in."},
	code.CannotGenerateRecoveryCodes: {anyField: "Add another authenticator before you generate recovery codes."},

	// Providers.
	code.ClientIDRequired:                {anyField: "Provide the client id that the token was issued for."},
	code.TokenRequired:                   {anyField: "Provide an ID token or an access token."},
	code.InvalidToken:                    {anyField: "The token is invalid or has expired. Log in with the provider again."},
	code.TokenAuthenticationNotSupported: {anyField: "This provider does not accept tokens. Log in by redirect."},
	code.AccountNotFound:                 {anyField: "Choose one of your connected accounts."},
	code.ConnectedOther:                  {anyField: "Another user has connected this account. Disconnect it there first."},
	code.DisconnectLast:                  {anyField: "Connect another account before you disconnect the last one."},
	code.NoPassword:                      {anyField: "Set a password before you disconnect the only other way to log in."},
	code.NoVerifiedEmail:                 {anyField: "Verify an email address before you disconnect the only other way to log in."},
}

// flowTexts are the texts of flows that differ from those of texts.
var flowTexts = map[Flow]table{
	OwnAccount:   {code.UnknownEmail: {"email": "Enter an email address of your account."}},
	SecondFactor: {code.IncorrectCode: {"code": "The code is incorrect. Check it, or wait for the next one."}},
}
