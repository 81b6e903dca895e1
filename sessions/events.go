package sessions

import "time"

// ImpersonationStarted is published when a user began to act as another one. The
// UserID of the event is the other user, its ActorID the one who acts.
type ImpersonationStarted struct {
	// Reason is the reason that was given to Auth.Impersonate.
	Reason string `json:"reason"`
	// EndsAt is when the impersonation ends at the latest.
	EndsAt time.Time `json:"ends_at"`
}

// ImpersonationEnded is published when the actor ended an impersonation, or when
// the first request of the actor after EndsAt was answered. It is not published if
// the session of the actor ended instead.
type ImpersonationEnded struct{}

// NewDevice is published when a user logged in from a device on which they have not
// logged in before, if Account.LoginAlerts is set.
type NewDevice struct {
	// Alerted is true if the owner was mailed.
	Alerted bool `json:"alerted"`
}

// LoginDisowned is published when the owner of an account said that a login was not
// theirs. All sessions have ended.
type LoginDisowned struct {
	// ResetSent is true if the owner was mailed a link to reset the password. It is
	// false if the account cannot be recovered by the address of the alert any more,
	// for example because it was removed: the owner needs help.
	ResetSent bool `json:"reset_sent"`
}

// EventName implements authn.EventDetails.
func (NewDevice) EventName() string { return "sessions.new_device" }

// EventName implements authn.EventDetails.
func (LoginDisowned) EventName() string { return "sessions.login_disowned" }

// EventName implements authn.EventDetails.
func (ImpersonationStarted) EventName() string { return "sessions.impersonation_started" }

// EventName implements authn.EventDetails.
func (ImpersonationEnded) EventName() string { return "sessions.impersonation_ended" }
