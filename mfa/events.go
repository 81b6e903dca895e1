package mfa

// The events of this room, published after what they tell of is stored.

// AuthenticatorAdded tells of a new authenticator, made by its owner or, for
// recovery codes, along with another one.
type AuthenticatorAdded struct {
	UserID string
	ID     int64
	Type   Type
}

// AuthenticatorRemoved tells of an authenticator that is gone.
type AuthenticatorRemoved struct {
	UserID string
	ID     int64
	Type   Type
}

// AuthenticatorReset tells of new recovery codes in place of older ones.
type AuthenticatorReset struct {
	UserID string
	ID     int64
	Type   Type
}

// AuthenticatorUsed tells of a proof by authenticator.
type AuthenticatorUsed struct {
	UserID string
	ID     int64
	Type   Type
	// Reauthenticated is true if somebody was logged in already.
	Reauthenticated bool
	// Passwordless is true if nothing else was asked for.
	Passwordless bool
}

// AuthenticationFailed tells of a wrong code, or of an answer of a security key
// that could not be verified.
type AuthenticationFailed struct {
	UserID string
	Type   Type
	// Reauthentication is true if somebody was logged in already.
	Reauthentication bool
}

// KeyCloned tells of a security key whose signature counter went backwards: two
// devices have its secret. It was refused.
type KeyCloned struct {
	UserID string
	ID     int64
}

// EventName implements authn.Event.
func (AuthenticatorAdded) EventName() string { return "mfa.authenticator_added" }

// EventName implements authn.Event.
func (AuthenticatorRemoved) EventName() string { return "mfa.authenticator_removed" }

// EventName implements authn.Event.
func (AuthenticatorReset) EventName() string { return "mfa.authenticator_reset" }

// EventName implements authn.Event.
func (AuthenticatorUsed) EventName() string { return "mfa.authenticator_used" }

// EventName implements authn.Event.
func (AuthenticationFailed) EventName() string { return "mfa.authentication_failed" }

// EventName implements authn.Event.
func (KeyCloned) EventName() string { return "mfa.key_cloned" }
