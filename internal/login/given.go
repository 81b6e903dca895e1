package login

// Given is an email address or phone number that the user gave while a login
// waited for one. It stays in the login and is stored when that completes, after
// the second factor: a stolen password alone adds nothing to an account. It is
// not changed in place.
type Given struct {
	Contact string `json:"contact"`
	// Replaces is the unverified contact that it corrects, empty if there was
	// none.
	Replaces string `json:"replaces,omitempty"`
	// Challenge is the id of the challenge of the link to the address, empty where
	// the address is verified by code.
	Challenge string `json:"challenge,omitempty"`
	// Verified is set once the user has verified it.
	Verified bool `json:"verified,omitempty"`
}

// AsVerified returns a copy that the user has verified.
func (g Given) AsVerified() *Given {
	g.Verified = true
	return &g
}

// inherit takes over what the user gave in an earlier attempt of the same session,
// under the same password: a link that is opened elsewhere verifies it for the next
// attempt.
func (l *Attempt) inherit(earlier *Attempt) {
	if earlier != nil && l.UserID != "" && earlier.UserID == l.UserID && earlier.AuthHash == l.AuthHash {
		l.GivenEmail, l.GivenPhone = earlier.GivenEmail, earlier.GivenPhone
	}
}
