package social

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// TokenInput is a token that the client got from a provider.
type TokenInput struct {
	// Provider is the provider's public id.
	Provider string
	Process  Process
	// ClientID is the client that the token was issued to.
	ClientID string
	// NoClientID is true if the client id is missing or not a string.
	NoClientID bool
	// IDToken and AccessToken are the tokens; providers need one or both.
	IDToken, AccessToken string
	// User is what the provider told the app of the user, as JSON.
	User string
	// NoToken is true if no token is a string.
	NoToken bool
}

// CheckToken returns the problems of the input that are found without verifying a
// token.
func (s *Service) CheckToken(in TokenInput) authn.Errors {
	_, errs := s.tokenProvider(in)
	return errs
}

// tokenProvider returns the provider of the input, or the problems of the input.
func (s *Service) tokenProvider(in TokenInput) (*entry, authn.Errors) {
	e := s.byIDWithoutClientID(in.Provider)
	if e == nil {
		if in.NoClientID {
			return nil, problem.List("token", code.ClientIDRequired)
		}
		var err error
		if e, err = s.providers.byClient(in.Provider, in.ClientID); err != nil {
			return nil, problem.List("token", code.InvalidToken)
		}
	}
	if !e.info.Token {
		return nil, problem.List("provider", code.TokenAuthenticationNotSupported)
	}
	if in.NoToken || in.IDToken == "" && in.AccessToken == "" {
		return nil, problem.List("token", code.TokenRequired)
	}
	if !e.info.Development && strings.ContainsFunc(in.IDToken+in.AccessToken, unicode.IsSpace) {
		return nil, problem.List("token", code.InvalidToken) // parsers skip spaces, so that one token could have many spellings
	}
	return e, nil
}

// byIDWithoutClientID returns the provider with that id if it has no client id, or nil.
func (s *Service) byIDWithoutClientID(id string) *entry {
	i := slices.IndexFunc(s.providers, func(e *entry) bool { return e.info.ID == id && !e.needsClientID() })
	if i < 0 {
		return nil
	}
	return s.providers[i]
}

// Token verifies a token that the client got from a provider, and logs in, signs up or
// connects its user. Afterwards sess shows whether the user is logged in. Returns
//   - authn.Errors for invalid input and for a token that was rejected,
//   - work.ErrForbidden if sign-up is closed, or to connect without a logged-in user,
//   - work.ErrReauthenticate to connect if the user has not authenticated recently.
func (s *Flows) Token(ctx context.Context, sess *login.Session, in TokenInput) error {
	e, errs := s.tokenProvider(in)
	if len(errs) > 0 {
		return errs
	}
	if _, err := s.deps.Limits.Take(ctx, ratelimit.ActionLogin, ratelimit.Subject{IP: sess.Client.IP}); err != nil {
		return err
	}
	id, err := e.VerifyToken(ctx, provider.Tokens{ClientID: in.ClientID, IDToken: in.IDToken, AccessToken: in.AccessToken, User: in.User})
	if err == nil && in.Process == ProcessConnect {
		err = s.checkMayConnect(ctx, sess) // before the token is marked as used, so that the client can use it again
	}
	var c *candidate
	if err == nil {
		c, err = s.newCandidate(ctx, e, id)
	}
	if err == nil {
		c.repeated, err = s.markUsed(ctx, e, verifiedIDToken(id, in))
	}
	if err == nil {
		err = s.complete(ctx, sess, c, in.Process)
	}
	if rejectsToken(err) {
		s.reportFailure(ctx, sess, e.info.ID, in.Process, err)
		return problem.List("token", code.InvalidToken)
	}
	if errors.Is(err, errNoLogin) && sess.Authenticated() {
		return work.ErrForbidden // the response must not look like a login
	}
	return err
}

// verifiedIDToken returns the ID token from which the identity was read. Providers of
// the host may leave Identity.IDToken empty.
func verifiedIDToken(id *provider.Identity, in TokenInput) string {
	if id.IDToken == "" && in.AccessToken == "" {
		return in.IDToken
	}
	return id.IDToken
}

// rejectsToken reports whether err means that the token was rejected.
func rejectsToken(err error) bool {
	return errors.Is(err, provider.ErrTokenMissing) || errors.Is(err, provider.ErrInvalid) ||
		errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrCancelled) || errors.Is(err, errReplayed)
}
