package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/sessions"
)

// AccessToken is what a good access token says.
type AccessToken struct {
	// ID is the claim jti, UserID the claim sub.
	ID, UserID string
	// IssuedAt and ExpiresAt are to the second.
	IssuedAt, ExpiresAt time.Time
	// Claims are all claims, those of Config.Claims among them.
	Claims map[string]any
}

// Verify checks an access token: its signature, issuer, audience and time, and,
// unless Config.StatelessValidation is set, that its session lives. ErrInvalid
// if any of it is wrong.
func (s *Service) Verify(ctx context.Context, access string) (*AccessToken, error) {
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
	return &AccessToken{
		ID: c.ID, UserID: c.Subject, Claims: all,
		IssuedAt: c.IssuedAt.Time().UTC(), ExpiresAt: c.Expires.Time().UTC(),
	}, nil
}

// Load returns the session that an access token stands for, for the host's
// routes. One that is not good is anonymous. With Config.StatelessValidation
// only the user is looked up.
func (s *Service) Load(ctx context.Context, access string, client authn.Client) (*sessions.Active, error) {
	anonymous := &sessions.Active{Session: flow.NewSession(flow.App, client)}
	c, sessionToken, err := s.parse(useAccess, access)
	if errors.Is(err, ErrInvalid) {
		return anonymous, nil
	}
	if !s.cfg.StatelessValidation {
		active, err := s.session(ctx, c, sessionToken, client)
		if errors.Is(err, ErrInvalid) {
			return anonymous, nil
		}
		return active, err
	}
	id, err := s.deps.Identifier.Identify(ctx, c.Subject)
	if errors.Is(err, authn.ErrNotFound) || err == nil && id.User.Disabled {
		return anonymous, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load user of access token: %w", err)
	}
	anonymous.Identity = id
	anonymous.State.UserID = c.Subject
	return anonymous, nil
}
