package authn

// Profile is what the library needs to know of a user with each request.
type Profile struct {
	// User is nil if there is no such user.
	User *User
	// PasswordHash is empty if the user has no password.
	PasswordHash string
	// Email is the primary address, or else the first verified one. It is empty
	// if there is neither.
	Email string
	// Sessions is the number of the user's stored sessions, expired ones included,
	// or negative if they were not counted.
	Sessions int
}
