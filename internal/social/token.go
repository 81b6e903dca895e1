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

// TokenInput is a token that a client got from a provider by itself.
type TokenInput struct {
	// Provider is the provider's public id.
	Provider string
	Process  Process
	// ClientID is the client that the token was issued to.
	ClientID string
	// NoClientID is true where the client id is no text at all.
	NoClientID bool
	// IDToken and AccessToken are the tokens; providers need one or both.
	IDToken, AccessToken string
	// NoToken is true where there is no token in the form of a text.
	NoToken bool
}

// CheckToken finds what is wrong with the input, before any token is verified.
func (s *Service) CheckToken(in TokenInput) authn.Errors {
	_, errs := s.tokenProvider(in)
	return errs
}

func (s *Service) tokenProvider(in TokenInput) (*entry, authn.Errors) {
	e := s.withoutClientID(in.Provider)
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
	if strings.ContainsFunc(in.IDToken+in.AccessToken, unicode.IsSpace) {
		return nil, problem.List("token", code.InvalidToken) // parsers skip it: one token would have many spellings
	}
	return e, nil
}

// withoutClientID returns the provider if it is one that has no client id.
func (s *Service) withoutClientID(id string) *entry {
	i := slices.IndexFunc(s.providers, func(e *entry) bool { return e.info.ID == id && !e.needsClientID() })
	if i < 0 {
		return nil
	}
	return s.providers[i]
}

// Token logs in, signs up or connects by a token that a client got by itself.
// The session tells the outcome. authn.Errors for wrong input, among them
// invalid_token for a token that proves nothing; work.ErrForbidden if sign-up is
// closed or no user is logged in to connect to; work.ErrReauthenticate.
func (s *Flows) Token(ctx context.Context, sess *login.Session, in TokenInput) error {
	e, errs := s.tokenProvider(in)
	if len(errs) > 0 {
		return errs
	}
	if _, err := s.deps.Limits.Take(ctx, ratelimit.ActionLogin, ratelimit.Subject{IP: sess.Client.IP}); err != nil {
		return err
	}
	id, err := e.VerifyToken(ctx, provider.Tokens{ClientID: in.ClientID, IDToken: in.IDToken, AccessToken: in.AccessToken})
	if err == nil && in.Process == ProcessConnect {
		err = s.mayConnect(ctx, sess) // a refusal leaves the token good for the next try
	}
	var c *candidate
	if err == nil {
		c, err = s.newCandidate(ctx, e, id)
	}
	if err == nil {
		c.repeated, err = s.spend(ctx, e, identityToken(id, in))
	}
	if err == nil {
		err = s.finish(ctx, sess, c, in.Process)
	}
	if rejectsToken(err) {
		s.fail(ctx, sess, e.info.ID, in.Process, err)
		return problem.List("token", code.InvalidToken)
	}
	if errors.Is(err, errNoUser) && sess.Authenticated() {
		return work.ErrForbidden // the answer must not look like a login
	}
	return err
}

// identityToken returns the ID token that the identity comes from. Providers of
// the host's own may not say.
func identityToken(id *provider.Identity, in TokenInput) string {
	if id.IDToken == "" && in.AccessToken == "" {
		return in.IDToken
	}
	return id.IDToken
}

// rejectsToken reports whether the token was not accepted.
func rejectsToken(err error) bool {
	return errors.Is(err, provider.ErrTokenMissing) || errors.Is(err, provider.ErrInvalid) ||
		errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrCancelled) || errors.Is(err, errReplayed)
}
