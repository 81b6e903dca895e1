package mfa

// The details of the events of second factors. Each event is published after the change
// is stored.

// AuthenticatorAdded is published when an authenticator was added: by its user
// or, for recovery codes, along with another authenticator.
type AuthenticatorAdded struct {
	ID   int64 `json:"id"`
	Type Type  `json:"type"`
	// Upgrade is true for a passkey that the browser created without asking the user,
	// see Config.PasskeyUpgradeEnabled.
	Upgrade bool `json:"upgrade,omitempty"`
}

// AuthenticatorRemoved is published when an authenticator was removed.
type AuthenticatorRemoved struct {
	ID   int64 `json:"id"`
	Type Type  `json:"type"`
}

// AuthenticatorReset is published when new recovery codes replaced older ones.
type AuthenticatorReset struct {
	ID   int64 `json:"id"`
	Type Type  `json:"type"`
}

// AuthenticatorUsed is published when a user authenticated with an authenticator.
type AuthenticatorUsed struct {
	ID   int64 `json:"id"`
	Type Type  `json:"type"`
	// Reauthenticated is true if the user was logged in already.
	Reauthenticated bool `json:"reauthenticated"`
	// Passwordless is true if the authenticator was the only factor.
	Passwordless bool `json:"passwordless"`
}

// AuthenticationFailed is published after a wrong code, or an invalid response of
// a security key.
type AuthenticationFailed struct {
	Type Type `json:"type"`
	// Reauthentication is true if the user was logged in already.
	Reauthentication bool `json:"reauthentication"`
}

// KeyCloned is published when the response of a security key was refused because
// the signature counter went backwards: two devices have the key's secret.
type KeyCloned struct {
	ID int64 `json:"id"`
}

// KeyBackupChanged is published when a key said otherwise than before whether it can be
// backed up, as some password managers do when they begin to sync.
type KeyBackupChanged struct {
	ID             int64 `json:"id"`
	BackupEligible bool  `json:"backup_eligible"`
}

// EventName implements authn.EventDetails.
func (AuthenticatorAdded) EventName() string { return "mfa.authenticator_added" }

// EventName implements authn.EventDetails.
func (AuthenticatorRemoved) EventName() string { return "mfa.authenticator_removed" }

// EventName implements authn.EventDetails.
func (AuthenticatorReset) EventName() string { return "mfa.authenticator_reset" }

// EventName implements authn.EventDetails.
func (AuthenticatorUsed) EventName() string { return "mfa.authenticator_used" }

// EventName implements authn.EventDetails.
func (AuthenticationFailed) EventName() string { return "mfa.authentication_failed" }

// EventName implements authn.EventDetails.
func (KeyCloned) EventName() string { return "mfa.key_cloned" }

// EventName implements authn.EventDetails.
func (KeyBackupChanged) EventName() string { return "mfa.key_backup_changed" }
