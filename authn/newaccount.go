package authn

// NewAccount is an account that the host creates, for example in an import from
// another system or for an invitation.
type NewAccount struct {
	// NewUser is passed to the store of users. Email, Username and Phone may each
	// be empty, whatever the sign-up form requires. The rules are those for
	// existing accounts, so that accounts of other systems can be imported: an
	// email address must be accepted by [identifier.KnownEmail], and a username
	// may contain @ or mix scripts.
	NewUser
	// AllowUsernameTwin accepts a username that differs only in case from the
	// username of another user. Each user logs in with the exact spelling; any
	// other spelling belongs to the user who was imported first. A username in
	// lower case must be imported before its twins, or else it is taken. The rule
	// for equal usernames is that of [identifier.Username].
	AllowUsernameTwin bool
	// EmailVerified states that the host has verified that the user owns the
	// email address. If it is false, the user has to verify the address at the
	// first login, as after a sign-up.
	EmailVerified bool
	// PhoneVerified states the same of the phone number.
	PhoneVerified bool
	// PasswordHash is a hash in one of the formats that package password
	// supports. It is upgraded at the first login. Empty: the account has no
	// password yet.
	PasswordHash string
}
