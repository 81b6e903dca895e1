package login

import (
	"context"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
)

// The authentication context classes of sessions, the claim acr. A session with a single
// factor has none.
const (
	// ACRMultiFactor is the policy of OpenID PAPE 1.0 for two factors.
	ACRMultiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
	// ACRPhishingResistant is the class of OpenID Connect EAP ACR Values 1.0 for keys that
	// are bound to the site. Such a session has two factors as well.
	ACRPhishingResistant = "phr"
)

// isFactor reports whether a method is a second factor or a passkey.
func isFactor(m authn.Method) bool { return m.Name == "mfa" }

// isKey reports whether a method is a security key or a passkey.
func isKey(m authn.Method) bool { return isFactor(m) && m.Type == "webauthn" }

// Assurance is how sure the server is of a user.
type Assurance struct {
	// ACR is the authentication context class, empty for a single factor.
	ACR string
	// AMR are authentication method references (RFC 8176).
	AMR []string
	// AuthTime is when the user last authenticated as ACR says.
	AuthTime time.Time
}

// AssuranceOf returns the assurance of a session with these methods, the oldest first. The
// last second factor decides.
func AssuranceOf(methods []authn.Method) Assurance {
	var a Assurance
	for _, m := range methods {
		for _, reference := range references(m) {
			if !slices.Contains(a.AMR, reference) {
				a.AMR = append(a.AMR, reference)
			}
		}
		switch {
		case isKey(m):
			a.ACR, a.AuthTime = ACRPhishingResistant, m.At
		case isFactor(m):
			a.ACR, a.AuthTime = ACRMultiFactor, m.At
		case a.ACR == "":
			a.AuthTime = m.At
		}
	}
	return a
}

// references returns the authentication method references of a method. Nothing attests
// where a key is kept, so that it is pop and neither hwk nor swk. A login through a
// provider and by the host has none.
func references(m authn.Method) []string {
	switch {
	case m.Name == "password":
		return []string{"pwd"}
	case m.Name == "code" && m.Phone != "":
		return []string{"otp", "sms"}
	case m.Name == "code", m.Name == "password_reset":
		return []string{"otp"}
	case isKey(m):
		return []string{"pop", "user", "mfa"}
	case isFactor(m) && m.Type == "host":
		return []string{"mfa"}
	case isFactor(m):
		return []string{"otp", "mfa"}
	}
	return nil
}

// Policy is what a route requires of the authentication of its users.
type Policy struct {
	// MFA requires a second factor or a passkey, PhishingResistant a security key or a
	// passkey.
	MFA, PhishingResistant bool
	// MaxAge is how old the authentication may be. Zero: as old as the session.
	MaxAge time.Duration
}

// NeedsFactor reports whether the policy requires a second factor.
func (r Policy) NeedsFactor() bool { return r.MFA || r.PhishingResistant }

// ACRValues returns the classes that satisfy the policy, for acr_values (RFC 9470).
func (r Policy) ACRValues() string {
	switch {
	case r.PhishingResistant:
		return ACRPhishingResistant
	case r.MFA:
		return ACRMultiFactor + " " + ACRPhishingResistant
	}
	return ""
}

// Satisfies reports whether the session of a logged-in user satisfies a policy. A policy
// with only MaxAge concerns the last authentication, and is satisfied by users who have no
// way to reauthenticate, who would be locked out otherwise.
func (p *Pipeline) Satisfies(ctx context.Context, s *Session, r Policy) (bool, error) {
	isYoung := func(m authn.Method) bool {
		return r.MaxAge <= 0 || p.cfg.Work.Now().Sub(m.At).Abs() < r.MaxAge
	}
	methods := s.State.Methods
	if r.NeedsFactor() {
		return slices.ContainsFunc(methods, func(m authn.Method) bool {
			return isFactor(m) && (isKey(m) || !r.PhishingResistant) && isYoung(m)
		}), nil
	}
	if n := len(methods); r.MaxAge <= 0 || n > 0 && isYoung(methods[n-1]) {
		return true, nil
	}
	offers, err := p.reauthenticationOffers(ctx, s)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(offers, func(o Offer) bool { return o.ID != FlowPasswordResetByCode }), nil
}

// RequireRecent returns work.ErrReauthenticate unless the last authentication is within
// ReauthenticationTimeout of now, in the past or, if the clock was set back, in the
// future.
func (p *Pipeline) RequireRecent(ctx context.Context, s *Session) error {
	recent, err := p.Satisfies(ctx, s, Policy{MaxAge: p.cfg.Work.ReauthenticationTimeout})
	if err != nil {
		return err
	}
	if !recent {
		return work.ErrReauthenticate
	}
	return nil
}
