package social

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// FinishRedirect takes what a provider sent back by way of the browser and
// returns where the browser goes now: to where the login was meant to end, with
// what went wrong, if anything. The session tells the outcome.
func (s *Flows) FinishRedirect(ctx context.Context, sess *login.Session, providerID string, values url.Values) string {
	st, err := s.takeState(ctx, sess, values.Get("state"))
	if err != nil {
		s.fail(ctx, sess, providerID, ProcessLogin, err)
		return s.errorPage(code.Unknown)
	}
	err = s.finishRedirect(ctx, sess, providerID, st, values)
	if err == nil && !s.underWay(sess) {
		err = errNoUser
	}
	if err != nil {
		return failed(st.Next, s.fail(ctx, sess, providerID, st.Process, err), st.Process)
	}
	return st.Next
}

func (s *Flows) finishRedirect(ctx context.Context, sess *login.Session, providerID string, st *state, values url.Values) error {
	e := s.providers.byID(providerID)
	if e == nil || st.Provider != providerID {
		return errWrongProvider
	}
	// What somebody started is not finished for another user, and nothing is
	// connected for whoever logged in only later.
	if st.UserID != sess.UserID() && (st.UserID != "" || st.Process == ProcessConnect && sess.Authenticated()) {
		return work.ErrNotPending
	}
	// An answer that is both a refusal and a consent is a refusal.
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
	// No app may show its ID token as well.
	if _, err = s.spend(ctx, e, id.IDToken); err != nil {
		return err
	}
	return s.finish(ctx, sess, c, st.Process)
}

// clockLeeway is how far our clock and a provider's may differ.
const clockLeeway = time.Minute

// authenticatedBefore reports whether the provider says that it last asked the user
// before a moment, though it was told to ask again (OpenID Connect Core section
// 2, auth_time). Most providers do not say.
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
		seconds, _ = value.Float64() // what is no number is long ago
	default:
		return false
	}
	return seconds < float64(start.Add(-clockLeeway).Unix())
}

// underWay reports whether something came of it: a user is logged in, or has
// a further step to take.
func (s *Service) underWay(sess *login.Session) bool {
	return sess.Authenticated() || sess.Login() != nil || sess.State.ProviderSignup != ""
}

// fail logs a failure, tells observers, and returns its code.
func (s *Service) fail(ctx context.Context, sess *login.Session, providerID string, process Process, err error) string {
	s.report(ctx, sess, err, providerID)
	code := failureCode(err)
	work.Emit(ctx, socialaccount.LoginFailed{Provider: providerID, Process: string(process), Code: code})
	return code
}
