package allauth

import (
	"net/http"
	"time"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
)

// StepUp is what RequireStepUp requires of the authentication of the user in this session.
// The zero value requires a login.
type StepUp struct {
	// MFA requires a second factor or a passkey.
	MFA bool
	// PhishingResistant requires a security key or a passkey, which works on the pages of
	// the site only. Codes are not accepted, as a page of an attacker can ask for them.
	PhishingResistant bool
	// MaxAge is how long ago the user may have authenticated: in any way, or with what MFA
	// and PhishingResistant require. Zero: at any time in this session. A MaxAge alone
	// accepts users who have no way to reauthenticate, as they would be locked out.
	MaxAge time.Duration
}

// RequireStepUp returns a middleware that calls next if the session satisfies the policy.
// Otherwise it answers
//   - with status 401 and the flows by which the user can reauthenticate. A request with an
//     access token also gets the challenge insufficient_user_authentication (RFC 9470) in
//     WWW-Authenticate; after the reauthentication the app refreshes its token.
//   - with status 403 if the user has no authenticator that fits: with the code
//     mfa_required or phishing_resistant_required. The user has to add one first.
//   - with status 403 and the code impersonated if the user acts as another one.
//
// It requires Middleware of the same Auth around it, and panics if MaxAge is negative.
func (a *Auth) RequireStepUp(policy StepUp) func(next http.Handler) http.Handler {
	if policy.MaxAge < 0 {
		panic("allauth: StepUp.MaxAge is negative: set how long ago the user may have authenticated, or zero for no limit")
	}
	required := login.Policy(policy)
	return func(next http.Handler) http.Handler {
		return a.requireSession(func(w http.ResponseWriter, r *http.Request, session *session.Active) {
			satisfied, err := a.pipeline.Satisfies(r.Context(), session.Session, required)
			if err != nil || !satisfied {
				a.handler.WriteStepUp(w, r, session, required, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// RequireRecent is RequireStepUp for an authentication of any kind within
// Config.ReauthenticationTimeout.
func (a *Auth) RequireRecent(next http.Handler) http.Handler {
	return a.RequireStepUp(StepUp{MaxAge: a.cfg.ReauthenticationTimeout})(next)
}

// RequireMFA is RequireStepUp for a second factor or a passkey in this session.
func (a *Auth) RequireMFA(next http.Handler) http.Handler {
	return a.RequireStepUp(StepUp{MFA: true})(next)
}

// RequireRecentMFA is RequireStepUp for a second factor or a passkey within
// Config.ReauthenticationTimeout.
func (a *Auth) RequireRecentMFA(next http.Handler) http.Handler {
	return a.RequireStepUp(StepUp{MFA: true, MaxAge: a.cfg.ReauthenticationTimeout})(next)
}
