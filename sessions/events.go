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

// EventName implements authn.EventDetails.
func (ImpersonationStarted) EventName() string { return "sessions.impersonation_started" }

// EventName implements authn.EventDetails.
func (ImpersonationEnded) EventName() string { return "sessions.impersonation_ended" }
