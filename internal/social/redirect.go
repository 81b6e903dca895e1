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

// RedirectInput asks for a login by way of the provider's own pages.
type RedirectInput struct {
	Provider string
	Process  Process
	// CallbackURL is where the browser goes in the end.
	CallbackURL string
}

// StartRedirect begins a login in the browser and returns where to send it: to
// the provider, or to a page of the front end that says what is wrong.
func (s *Service) StartRedirect(ctx context.Context, sess *login.Session, in RedirectInput) string {
	e := s.providers.byID(in.Provider)
	if e == nil || !e.info.Redirect || !in.Process.Valid() || !s.mayReturnTo(in.CallbackURL) {
		return s.errorPage(code.Unknown)
	}
	if _, err := s.deps.Limits.Take(ctx, ratelimit.ActionLogin, ratelimit.Subject{IP: sess.Client.IP}); err != nil {
		s.report(ctx, sess, err, in.Provider)
		return failed(in.CallbackURL, code.Unknown, in.Process)
	}
	st := &state{
		Provider: e.info.ID, Process: in.Process, UserID: sess.UserID(), Next: in.CallbackURL,
		RedirectURL: s.deps.BaseURL + s.callbacks.of(e),
	}
	target, err := s.authorize(ctx, sess, e, st)
	if err != nil {
		s.report(ctx, sess, err, in.Provider)
		return failed(in.CallbackURL, code.Unknown, in.Process)
	}
	return target
}

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

// ErrorPage is where a browser goes when the server could not do its part.
func (s *Service) ErrorPage() string { return s.errorPage(code.Unknown) }

// errorPage is where a browser goes that no login can be found for.
func (s *Service) errorPage(code string) string {
	return failed(s.deps.FrontendURLs.SocialLoginError, code, ProcessLogin)
}

func failed(target, code string, process Process) string {
	return withParameters(target, [2]string{"error", code}, [2]string{"error_process", string(process)})
}

// failureCode is what the front end is told of an error.
func failureCode(err error) string {
	var one *authn.Error
	switch {
	case errors.Is(err, provider.ErrCancelled):
		return code.Cancelled
	case errors.Is(err, errAnonymous):
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

// report logs what the host may want to know of and the client is not told.
func (s *Service) report(ctx context.Context, sess *login.Session, err error, providerID string) {
	switch {
	case errors.Is(err, errReplayed):
		s.deps.Logger.WarnContext(ctx, "replay of an ID token refused", "provider", providerID, "ip", sess.Client.IP)
	case errors.Is(err, provider.ErrUnavailable), errors.Is(err, provider.ErrInvalid):
		s.deps.Logger.WarnContext(ctx, "provider login failed", "provider", providerID, "error", err)
	case failureCode(err) != code.Unknown, errors.Is(err, work.ErrNotPending), errors.Is(err, ratelimit.ErrLimited),
		errors.Is(err, errNoUser), errors.Is(err, provider.ErrTokenMissing):
		s.deps.Logger.DebugContext(ctx, "provider login refused", "provider", providerID, "error", err)
	default:
		s.deps.Logger.ErrorContext(ctx, "provider login failed", "provider", providerID, "error", err)
	}
}

// errWrongProvider means that an answer came to another provider's callback
// than the request went to: one provider tries to pass for another.
var errWrongProvider = fmt.Errorf("socialaccount: answer of another provider: %w", provider.ErrInvalid)
