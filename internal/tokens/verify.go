package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/sessions/token"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
)

// Verify checks an access token: its signature, issuer, audience and expiry, and, unless
// Config.StatelessValidation is set, that its session has not ended. Returns
// token.ErrInvalid if one of the checks fails.
func (s *Service) Verify(ctx context.Context, access string) (*token.AccessToken, error) {
	var all map[string]any
	c, sessionToken, err := s.parse(useAccess, access, &all)
	if err != nil {
		return nil, err
	}
	if !s.cfg.StatelessValidation {
		if _, err := s.session(ctx, c, sessionToken, authn.Client{}); err != nil {
			return nil, err
		}
	}
	delete(all, "sid")
	return &token.AccessToken{
		ID: c.ID, UserID: c.Subject, ActorID: c.actorID(), Claims: all,
		IssuedAt: c.IssuedAt.Time().UTC(), ExpiresAt: c.Expires.Time().UTC(),
	}, nil
}

// Load returns the session of an access token, for the host's routes. It is anonymous if
// the token is invalid. With Config.StatelessValidation Load makes the session from the
// claims: it has no row. LoadSession loads it.
func (s *Service) Load(ctx context.Context, access string, client authn.Client) (*session.Active, error) {
	if !s.cfg.StatelessValidation {
		return s.LoadSession(ctx, access, client)
	}
	active := &session.Active{Session: login.NewSession(login.App, client)}
	var all map[string]any
	c, _, err := s.parse(useAccess, access, &all)
	if err != nil {
		return active, nil // token.ErrInvalid
	}
	user, err := userOf(c, all)
	if err != nil {
		return nil, err
	}
	active.Identity = &login.Identity{User: user}
	active.State.UserID = user.ID
	if actorID := c.actorID(); actorID != "" {
		active.Actor = &login.Identity{User: &authn.User{ID: actorID}}
	}
	return active, nil
}

// LoadSession loads the session of an access token. It is anonymous if the token is
// invalid, or if the session has ended.
func (s *Service) LoadSession(ctx context.Context, access string, client authn.Client) (*session.Active, error) {
	anonymous := &session.Active{Session: login.NewSession(login.App, client)}
	c, sessionToken, err := s.parse(useAccess, access)
	if err != nil {
		return anonymous, nil // token.ErrInvalid
	}
	active, err := s.session(ctx, c, sessionToken, client)
	if errors.Is(err, token.ErrInvalid) {
		return anonymous, nil
	}
	return active, err
}

// userOf returns the user in the claims: the id, the names of OpenID Connect Core 1.0,
// section 5.1, and the claims that the host added.
func userOf(c *claims, all map[string]any) (*authn.User, error) {
	user := &authn.User{ID: c.Subject}
	user.Username, _ = all["preferred_username"].(string)
	user.Display, _ = all["name"].(string)
	for _, name := range registered {
		delete(all, name)
	}
	for name, value := range all {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("claim %s of the access token: %w", name, err)
		}
		if user.Extra == nil {
			user.Extra = map[string]json.RawMessage{}
		}
		user.Extra[name] = text
	}
	return user, nil
}
