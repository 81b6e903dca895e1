package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
)

// Deps are the dependencies of a Service.
type Deps struct {
	// Store stores refresh tokens, Sessions their sessions.
	Store    token.Store
	Sessions *session.Manager
	// Identifier looks up users.
	Identifier login.Identifier
	// Keys encrypt the session token in a token.
	Keys *keyring.Keyring
	// Issuer is the claim iss.
	Issuer string
	// Realm separates the tokens of two services with the same keys, secrets and
	// issuer. It begins with a slash, or is empty.
	Realm string
	// Now returns the time, Rand is the source of randomness.
	Now  func() time.Time
	Rand io.Reader
}

// Service issues and verifies tokens. It is safe for concurrent use.
type Service struct {
	cfg  token.Config
	deps Deps
	keys *keySet
	jwks []byte
}

// New returns a Service. cfg must be valid and have its defaults.
func New(cfg token.Config, deps Deps) (*Service, error) {
	keys, err := newKeySet(cfg.Keys)
	if err != nil {
		return nil, err
	}
	jwks, err := json.Marshal(keys.public)
	if err != nil {
		return nil, fmt.Errorf("Tokens.Keys: %w", err)
	}
	return &Service{cfg: cfg, deps: deps, keys: keys, jwks: jwks}, nil
}

// Pair are the tokens of an app after a login.
type Pair struct {
	Access string
	// Refresh is empty if the refresh token in the request stays valid, and in an
	// impersonation, which cannot be prolonged.
	Refresh string
}

// Issue issues the tokens of a session in which a user has just logged in. claims is the
// result of Claims.
func (s *Service) Issue(ctx context.Context, active *session.Active, sessionToken string, claims map[string]any) (Pair, error) {
	access, err := s.accessToken(active, sessionToken, claims)
	if err != nil || active.Actor != nil {
		return Pair{Access: access}, err
	}
	next, refresh, err := s.nextRefresh(active.Row(), sessionToken)
	if err != nil {
		return Pair{}, err
	}
	if err := s.deps.Store.CreateRefreshToken(ctx, next); err != nil {
		return Pair{}, fmt.Errorf("store refresh token: %w", err)
	}
	return Pair{access, refresh}, nil
}

// nextRefresh returns a new refresh token, which expires with its session at the latest.
func (s *Service) nextRefresh(row *sessions.Row, sessionToken string) (token.RefreshToken, string, error) {
	id, err := s.newID()
	if err != nil {
		return token.RefreshToken{}, "", err
	}
	lifetime := min(s.cfg.RefreshTokenExpiresIn, row.ExpiresAt.Sub(s.deps.Now()))
	c, err := s.newClaims(useRefresh, row.UserID, sessionToken, id, lifetime)
	if err != nil {
		return token.RefreshToken{}, "", err
	}
	text, err := s.sign(c, nil)
	return token.RefreshToken{ID: id, SessionID: row.ID, UserID: row.UserID, ExpiresAt: s.deps.Now().Add(lifetime)}, text, err
}

// Refresh exchanges a refresh token for a new access token and, without
// Config.KeepRefreshToken, a new refresh token. shown is the session of the request's
// own session token. Returns token.ErrInvalid if the refresh token is invalid, or was used
// before.
func (s *Service) Refresh(ctx context.Context, text string, shown *session.Active) (pair Pair, err error) {
	c, sessionToken, err := s.parse(useRefresh, text)
	if err != nil {
		return Pair{}, err
	}
	active := shown
	if shown.Token() != sessionToken {
		active, err = s.session(ctx, c, sessionToken, shown.Client)
	} else if shown.UserID() != c.Subject || shown.Actor != nil {
		err = token.ErrInvalid
	}
	if err != nil {
		return Pair{}, err
	}
	// The token is used up last, so that the client can try again after an error.
	claims, err := s.Claims(ctx, active.Identity.User)
	if err != nil {
		return Pair{}, err
	}
	if pair.Access, err = s.accessToken(active, sessionToken, claims); err != nil {
		return Pair{}, err
	}
	if s.cfg.KeepRefreshToken {
		err = s.checkUnspent(ctx, c.ID, active)
	} else {
		pair.Refresh, err = s.rotate(ctx, c.ID, active, sessionToken)
		if errors.Is(err, authn.ErrConflict) { // it was used before
			err = s.checkUnspent(ctx, c.ID, active)
		}
	}
	if errors.Is(err, authn.ErrNotFound) {
		err = token.ErrInvalid
	}
	if err == nil {
		err = s.deps.Sessions.Touch(ctx, active)
	}
	if err != nil {
		return Pair{}, err
	}
	return pair, nil
}

// checkUnspent returns token.ErrInvalid if the refresh token was used before, or belongs
// to another session. Reuse ends the session, see reused.
func (s *Service) checkUnspent(ctx context.Context, id string, active *session.Active) error {
	row, err := s.deps.Store.RefreshTokenByID(ctx, id)
	switch {
	case err != nil:
		return fmt.Errorf("load refresh token: %w", err)
	case row.SessionID != active.Row().ID:
		return token.ErrInvalid
	case !row.SpentAt.IsZero():
		return s.reused(ctx, row)
	}
	return nil
}

func (s *Service) rotate(ctx context.Context, id string, active *session.Active, sessionToken string) (string, error) {
	next, text, err := s.nextRefresh(active.Row(), sessionToken)
	if err != nil {
		return "", err
	}
	if err := s.deps.Store.RotateRefreshToken(ctx, id, s.deps.Now(), next); err != nil {
		return "", fmt.Errorf("rotate refresh token: %w", err)
	}
	return text, nil
}

// reused ends the session of a refresh token that was used before, unless it is within
// ReuseGrace: an attacker may have it, and the server cannot tell which client is the
// user's (RFC 9700 section 4.14).
func (s *Service) reused(ctx context.Context, row *token.RefreshToken) error {
	// Abs: a clock that was set back does not prolong the grace.
	if s.deps.Now().Sub(row.SpentAt).Abs() <= s.cfg.ReuseGrace {
		return token.ErrInvalid
	}
	if err := s.deps.Sessions.End(ctx, row.SessionID); err != nil {
		return err
	}
	work.Emit(ctx, row.UserID, token.Reused{SessionID: row.SessionID})
	return token.ErrInvalid
}

// session loads the session of a token. Returns token.ErrInvalid if it has ended, or has
// another user or actor now.
func (s *Service) session(ctx context.Context, c *claims, sessionToken string, client authn.Client) (*session.Active, error) {
	active, err := s.deps.Sessions.Load(ctx, login.App, client, session.FromApp(sessionToken)...)
	if err != nil {
		return nil, err
	}
	if active.TokenInvalid || !active.Authenticated() || active.UserID() != c.Subject {
		return nil, token.ErrInvalid
	}
	if actorID := c.actorID(); (actorID != "" || active.Actor != nil) && actorID != active.ActorID() {
		return nil, token.ErrInvalid
	}
	return active, nil
}

// JWKS returns the document with the public keys (RFC 7517).
func (s *Service) JWKS() []byte { return s.jwks }

// FromHeader returns the token in an Authorization header, empty if there is
// none of the configured scheme.
func (s *Service) FromHeader(h http.Header) string {
	scheme, text, found := strings.Cut(h.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, s.cfg.AuthorizationHeaderScheme) || strings.ContainsAny(text, " \t") {
		return ""
	}
	return text
}

// Scheme returns the scheme of the Authorization header with a token.
func (s *Service) Scheme() string { return s.cfg.AuthorizationHeaderScheme }

// SessionToken returns the session token in an access token, and whether the access token
// is valid. It does not check whether the session has ended.
func (s *Service) SessionToken(access string) (string, bool) {
	_, sessionToken, err := s.parse(useAccess, access)
	return sessionToken, err == nil
}

// Stateless reports whether access tokens are accepted without loading their sessions.
func (s *Service) Stateless() bool { return s.cfg.StatelessValidation }
