package users

import "time"

// The details of the events of the administration. Each event is published after the
// change is stored. What a call changes of an account is published as the events of
// that account, too, such as account.PasswordChanged.

// Created is published when the host has created a user.
type Created struct{}

// Updated is published when the host has changed a user.
type Updated struct {
	// Fields are "username", "display" and "extra".
	Fields []string `json:"fields"`
}

// Disabled is published when the host has disabled a user.
type Disabled struct{}

// Enabled is published when the host has enabled a user.
type Enabled struct{}

// SessionsEnded is published when the host has ended sessions of a user.
type SessionsEnded struct {
	// SessionID is the session, empty if all were ended.
	SessionID string `json:"session_id,omitempty"`
}

// FactorsReset is published when the host has removed all second factors and passkeys of
// a user.
type FactorsReset struct{}

// Invited is published when the host has invited a user.
type Invited struct {
	Email string `json:"email"`
}

// InvitationAccepted is published when a user has accepted an invitation, with a
// password or a passkey.
type InvitationAccepted struct {
	Email string `json:"email"`
}

// DeletionRequested is published when a user has requested the deletion of the account.
type DeletionRequested struct {
	// DueAt is when the account will be deleted.
	DueAt time.Time `json:"due_at"`
}

// DeletionCancelled is published when a requested deletion was cancelled.
type DeletionCancelled struct{}

// Deleted is published when a user was deleted.
type Deleted struct{}

// Exported is published when the data of a user was exported.
type Exported struct{}

// EventName implements authn.EventDetails.
func (Created) EventName() string { return "users.created" }

// EventName implements authn.EventDetails.
func (Updated) EventName() string { return "users.updated" }

// EventName implements authn.EventDetails.
func (Disabled) EventName() string { return "users.disabled" }

// EventName implements authn.EventDetails.
func (Enabled) EventName() string { return "users.enabled" }

// EventName implements authn.EventDetails.
func (SessionsEnded) EventName() string { return "users.sessions_ended" }

// EventName implements authn.EventDetails.
func (FactorsReset) EventName() string { return "users.factors_reset" }

// EventName implements authn.EventDetails.
func (Invited) EventName() string { return "users.invited" }

// EventName implements authn.EventDetails.
func (InvitationAccepted) EventName() string { return "users.invitation_accepted" }

// EventName implements authn.EventDetails.
func (DeletionRequested) EventName() string { return "users.deletion_requested" }

// EventName implements authn.EventDetails.
func (DeletionCancelled) EventName() string { return "users.deletion_cancelled" }

// EventName implements authn.EventDetails.
func (Deleted) EventName() string { return "users.deleted" }

// EventName implements authn.EventDetails.
func (Exported) EventName() string { return "users.exported" }
