package authn

// Profile holds what the library reads of a user in each request.
type Profile struct {
	// User is nil if the user does not exist.
	User *User
	// PasswordHash is empty if the user has no password.
	PasswordHash string
	// Email is the primary email address, or else the first verified one. It is
	// empty if there is neither.
	Email string
	// Sessions is the number of the user's stored sessions, expired ones
	// included. It is negative if they were not counted.
	Sessions int
}
