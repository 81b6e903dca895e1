package login

import (
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Impersonation is the part of the state of a session in which its user, the actor, acts
// as another user. The session stays the actor's: it ends when theirs would.
type Impersonation struct {
	// ActorID is the user to whom the session belongs, Methods are their
	// authentications.
	ActorID string         `json:"actor"`
	Methods []authn.Method `json:"methods,omitempty"`
	// AuthHash is the fingerprint of the password of the impersonated user at the
	// start. The impersonation is over when the password changes.
	AuthHash string `json:"auth_hash,omitempty"`
	// EndsAt is when it is over at the latest.
	EndsAt time.Time `json:"ends_at"`
}

// OwnerID returns the user to whom the session belongs, empty if there is none: the actor
// of an impersonation, or else the user.
func (s *State) OwnerID() string {
	if s.Impersonation != nil {
		return s.Impersonation.ActorID
	}
	return s.UserID
}

// Owner returns the identity of the user to whom the session belongs, nil if no user is
// logged in.
func (s *Session) Owner() *Identity {
	if s.Actor != nil {
		return s.Actor
	}
	return s.Identity
}

// ActorID returns the id of the user who makes the request, empty if there is none: the
// actor of an impersonation, or else the logged-in user.
func (s *Session) ActorID() string {
	if i := s.State.Impersonation; i != nil {
		return i.ActorID
	}
	if owner := s.Owner(); owner != nil {
		return owner.User.ID
	}
	return ""
}

// Impersonate makes the logged-in user act as another user until endsAt, under a new
// token. What was pending in the session is dropped.
func (s *Session) Impersonate(target *Identity, endsAt time.Time) {
	s.State = State{UserID: target.User.ID, Impersonation: &Impersonation{
		ActorID: s.UserID(), Methods: s.State.Methods, AuthHash: target.AuthHash, EndsAt: endsAt,
	}}
	s.Actor, s.Identity = s.Identity, target
	s.Rotate()
}

// EndImpersonation makes the session that of the actor again, under a new token.
func (s *Session) EndImpersonation() {
	i := s.State.Impersonation
	s.State = State{UserID: i.ActorID, Methods: i.Methods, MethodsOf: i.ActorID}
	s.Actor, s.Identity = nil, s.Actor
	s.Rotate()
}
