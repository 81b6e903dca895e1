package social

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// RedirectInput is the request of a login on the provider's pages.
type RedirectInput struct {
	Provider string
	Process  Process
	// CallbackURL is where the browser is redirected in the end.
	CallbackURL string
}

// StartRedirect starts a login through a provider and returns the URL to which the
// browser is redirected: that of the provider's authorization endpoint, or that of a
// page of the front end with parameters for the error.
func (s *Service) StartRedirect(ctx context.Context, sess *login.Session, in RedirectInput) string {
	e := s.providers.byID(in.Provider)
	if e == nil || !e.info.Redirect || !in.Process.Valid() || !s.mayRedirectTo(in.CallbackURL) {
		return s.errorPage(code.Unknown)
	}
	if _, err := s.deps.Limits.Take(ctx, ratelimit.ActionLogin, ratelimit.Subject{IP: sess.Client.IP}); err != nil {
		s.logFailure(ctx, sess, err, in.Provider)
		return withError(in.CallbackURL, code.Unknown, in.Process)
	}
	st := &state{
		Provider: e.info.ID, Process: in.Process, UserID: sess.UserID(), Next: in.CallbackURL,
		RedirectURL: s.deps.BaseURL + s.callbacks.forProvider(e),
	}
	target, err := s.authorize(ctx, sess, e, st)
	if err != nil {
		s.logFailure(ctx, sess, err, in.Provider)
		return withError(in.CallbackURL, code.Unknown, in.Process)
	}
	return target
}

// authorize stores the state and returns the URL of the provider's authorization
// endpoint.
func (s *Service) authorize(ctx context.Context, sess *login.Session, e *entry, st *state) (string, error) {
	value, err := s.newState(ctx, sess, st)
	if err != nil {
		return "", err
	}
	return e.AuthCodeURL(ctx, provider.Authorization{
		State: value, Nonce: st.Nonce, CodeVerifier: st.CodeVerifier, RedirectURL: st.RedirectURL,
		Reauthenticate: st.reauthenticates(),
	})
}

// ErrorPage returns the URL of the front end's error page for an unknown error, for
// requests that fail on the server's side.
func (s *Service) ErrorPage() string { return s.errorPage(code.Unknown) }

// errorPage returns the URL of the front end's error page, for a browser without a
// pending login that names another page.
func (s *Service) errorPage(code string) string {
	return withError(s.deps.FrontendURLs.SocialLoginError, code, ProcessLogin)
}

// withError adds the parameters for an error to a URL.
func withError(target, code string, process Process) string {
	return withParameters(target, [2]string{"error", code}, [2]string{"error_process", string(process)})
}

// failureCode returns the code by which the front end learns of an error.
func failureCode(err error) string {
	var one *authn.Error
	switch {
	case errors.Is(err, provider.ErrCancelled):
		return code.Cancelled
	case errors.Is(err, errNotLoggedIn):
		return code.PermissionDenied
	case errors.Is(err, work.ErrReauthenticate):
		return code.ReauthenticationRequired
	case errors.Is(err, work.ErrForbidden):
		return code.SignupClosed
	case errors.As(err, &one) && one.Code != "":
		return one.Code
	}
	return code.Unknown
}

// logFailure logs a failure, at the level that its cause deserves.
func (s *Service) logFailure(ctx context.Context, sess *login.Session, err error, providerID string) {
	switch {
	case errors.Is(err, errReplayed):
		s.deps.Logger.WarnContext(ctx, "ID token was replayed", "provider", providerID, "ip", sess.Client.IP)
	case errors.Is(err, provider.ErrUnavailable), errors.Is(err, provider.ErrInvalid):
		s.deps.Logger.WarnContext(ctx, "provider login failed", "provider", providerID, "error", err)
	case failureCode(err) != code.Unknown, errors.Is(err, work.ErrNotPending), errors.Is(err, ratelimit.ErrLimited),
		errors.Is(err, errNoLogin), errors.Is(err, provider.ErrTokenMissing):
		s.deps.Logger.DebugContext(ctx, "provider login refused", "provider", providerID, "error", err)
	default:
		s.deps.Logger.ErrorContext(ctx, "provider login failed", "provider", providerID, "error", err)
	}
}

// errWrongProvider means that a response arrived at the callback of another provider
// than the request was sent to: a mix-up attack (RFC 9700 section 4.4).
var errWrongProvider = fmt.Errorf("socialaccount: response of another provider: %w", provider.ErrInvalid)
