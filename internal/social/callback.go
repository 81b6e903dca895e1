package social

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// FinishRedirect handles a provider's authorization response and returns the URL to
// which the browser is redirected: that of the request, with parameters for an error if
// there was one. Afterwards sess shows whether the user is logged in. The caller passes
// what it returns to RememberFinished once the session is stored.
func (s *Flows) FinishRedirect(ctx context.Context, sess *login.Session, providerID string, values url.Values) Finished {
	parameter := values.Get("state")
	st, err := s.consumeState(ctx, sess, parameter)
	if errors.Is(err, work.ErrNotPending) {
		if location, known := s.finishedBefore(ctx, parameter); known {
			return Finished{Location: location}
		}
	}
	if err != nil {
		s.reportFailure(ctx, sess, providerID, ProcessLogin, err)
		return Finished{Location: s.errorPage(code.Unknown)}
	}
	err = s.finishRedirect(ctx, sess, providerID, st, values)
	if err == nil && !s.hasOutcome(sess) {
		err = errNoLogin
	}
	if err != nil {
		return Finished{withError(st.Next, s.reportFailure(ctx, sess, providerID, st.Process, err), st.Process), parameter}
	}
	return Finished{st.Next, parameter}
}

func (s *Flows) finishRedirect(ctx context.Context, sess *login.Session, providerID string, st *state, values url.Values) error {
	e := s.providers.byID(providerID)
	if e == nil || st.Provider != providerID {
		return errWrongProvider
	}
	// Refuse the response if another user has logged in since the request, and do not
	// connect the account to a user who was not logged in at the request.
	if st.UserID != sess.UserID() && (st.UserID != "" || st.Process == ProcessConnect && sess.Authenticated()) {
		return work.ErrNotPending
	}
	// A response with both an error and a code is a refusal.
	if err := provider.Refusal(values); err != nil {
		return err
	}
	id, err := e.Exchange(ctx, provider.Callback{
		Values: values, Nonce: st.Nonce, CodeVerifier: st.CodeVerifier, RedirectURL: st.RedirectURL,
	})
	if err != nil {
		return err
	}
	if st.reauthenticates() && authenticatedBefore(id, st.StartedAt) {
		return work.ErrReauthenticate
	}
	c, err := s.newCandidate(ctx, e, id)
	if err != nil {
		return err
	}
	// Mark the ID token as used, so that no app can send it, too.
	if _, err = s.markUsed(ctx, e, id.IDToken); err != nil {
		return err
	}
	return s.complete(ctx, sess, c, st.Process)
}

// clockLeeway is the accepted difference between the clocks of the server and of a
// provider.
const clockLeeway = time.Minute

// authenticatedBefore reports whether auth_time (OpenID Connect Core section 2) is
// before start: the provider did not authenticate the user again, although the request
// asked for it. Most providers send no auth_time; then it returns false.
func authenticatedBefore(id *provider.Identity, start time.Time) bool {
	profile := id.ExtraData
	if inner, ok := profile["id_token"].(map[string]any); ok {
		profile = inner
	}
	var seconds float64
	switch value := profile["auth_time"].(type) {
	case float64:
		seconds = value
	case json.Number:
		seconds, _ = value.Float64() // 0 for what is not a number
	default:
		return false
	}
	return seconds < float64(start.Add(-clockLeeway).Unix())
}

// hasOutcome reports whether a user is logged in, or a login or a sign-up is pending.
func (s *Service) hasOutcome(sess *login.Session) bool {
	return sess.Authenticated() || sess.Login() != nil || sess.State.ProviderSignup != ""
}

// reportFailure logs a failure, publishes the event, and returns the failure's code.
func (s *Service) reportFailure(ctx context.Context, sess *login.Session, providerID string, process Process, err error) string {
	s.logFailure(ctx, sess, err, providerID)
	code := failureCode(err)
	work.Emit(ctx, "", socialaccount.LoginFailed{Provider: providerID, Process: string(process), Code: code})
	return code
}
