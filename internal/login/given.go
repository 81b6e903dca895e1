package login

// Given is an email address or phone number that the user gave while a login waited for
// one. It stays in the attempt and is stored when the login completes, after the second
// factor, so that an attacker with the password alone cannot add a contact. A Given must
// not be changed; see AsVerified.
type Given struct {
	Contact string `json:"contact"`
	// Replaces is the unverified contact that it replaces, empty if there is none.
	Replaces string `json:"replaces,omitempty"`
	// Challenge is the id of the challenge of the link to the address, empty if the
	// address is verified by code.
	Challenge string `json:"challenge,omitempty"`
	// Verified is set once the user has verified it.
	Verified bool `json:"verified,omitempty"`
}

// AsVerified returns a copy that the user has verified.
func (g Given) AsVerified() *Given {
	g.Verified = true
	return &g
}

// inherit copies the given contacts of an earlier attempt of the same user with the same
// password in this session: a link that was opened in another browser verifies them for
// the next attempt.
func (l *Attempt) inherit(earlier *Attempt) {
	if earlier != nil && l.UserID != "" && earlier.UserID == l.UserID && earlier.AuthHash == l.AuthHash {
		l.GivenEmail, l.GivenPhone = earlier.GivenEmail, earlier.GivenPhone
	}
}
