package authn

// NewAccount is an account that the host makes itself: an import from another
// system, an invitation, an account that an administrator makes.
type NewAccount struct {
	// NewUser is what the store of users gets. Email, Username and Phone may be
	// empty, whatever the sign-up form asks for. They may have a form that a
	// sign-up refuses and other systems accepted: an address that [identifier.KnownEmail]
	// takes, a username with @ or of several scripts.
	NewUser
	// AllowUsernameTwin accepts a username that differs from another user's in case
	// only, as tables of other systems may hold. Each user logs in by the exact
	// spelling of the name; other spellings belong to the user who was imported
	// first. A name in lower case has to be imported before its twins, or it is
	// taken. The exact rule is that of [identifier.Username].
	AllowUsernameTwin bool
	// EmailVerified says that the host knows whose address it is. Where it is
	// false the first login asks for a proof, as after a sign-up.
	EmailVerified bool
	// PhoneVerified says the same of the telephone number.
	PhoneVerified bool
	// PasswordHash is a hash that another system made, in one of the formats
	// that package password knows. It is upgraded at the first login. Empty: no
	// password yet.
	PasswordHash string
}
