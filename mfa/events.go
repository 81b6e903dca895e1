package mfa

// The events of second factors. Each is published after the change is stored.

// AuthenticatorAdded is published when an authenticator was added: by its user
// or, for recovery codes, along with another authenticator.
type AuthenticatorAdded struct {
	UserID string
	ID     int64
	Type   Type
}

// AuthenticatorRemoved is published when an authenticator was removed.
type AuthenticatorRemoved struct {
	UserID string
	ID     int64
	Type   Type
}

// AuthenticatorReset is published when new recovery codes replaced older ones.
type AuthenticatorReset struct {
	UserID string
	ID     int64
	Type   Type
}

// AuthenticatorUsed is published when a user authenticated with an authenticator.
type AuthenticatorUsed struct {
	UserID string
	ID     int64
	Type   Type
	// Reauthenticated is true if the user was logged in already.
	Reauthenticated bool
	// Passwordless is true if the authenticator was the only factor.
	Passwordless bool
}

// AuthenticationFailed is published after a wrong code, or an invalid response of
// a security key.
type AuthenticationFailed struct {
	UserID string
	Type   Type
	// Reauthentication is true if the user was logged in already.
	Reauthentication bool
}

// KeyCloned is published when the response of a security key was refused because
// the signature counter went backwards: two devices have the key's secret.
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
