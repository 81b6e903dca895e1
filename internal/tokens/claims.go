package tokens

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"time"

	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/sessions/token"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/allauth-go/allauth/authn"
)

// The values of the claim token_use, so that a token of one kind is not accepted as one
// of the other.
const (
	useAccess  = "access"
	useRefresh = "refresh"
)

// clientID is the client of all access tokens: the app of the API, which has no others.
const clientID = "app"

// maxTokenBytes is the length of the longest token that is parsed, in bytes.
const maxTokenBytes = 8 << 10

// purposeSession is the purpose with which the session token in a token is encrypted.
const purposeSession = "jwt_session"

// claims are the claims of a token.
type claims struct {
	Issuer   string           `json:"iss"`
	Audience jwt.Audience     `json:"aud,omitempty"`
	Subject  string           `json:"sub"`
	ID       string           `json:"jti"`
	IssuedAt *jwt.NumericDate `json:"iat"`
	Expires  *jwt.NumericDate `json:"exp"`
	Use      string           `json:"token_use"`
	// Session is the session token. It is encrypted, because access tokens are sent to
	// servers that must not use the session.
	Session string `json:"sid"`
	// Actor is the user who acts as the subject (RFC 8693 section 4.1), nil unless the
	// session is an impersonation.
	Actor *actor `json:"act,omitempty"`
}

// issued are the claims of a new token. Those that are not in claims are for other
// services and are not read again: in a token from before they were registered they have
// the types that the host chose.
type issued struct {
	claims
	// ClientID is set together with Audience, as RFC 9068 requires.
	ClientID string `json:"client_id,omitempty"`
	// AuthTime, ACR and AMR say how the user authenticated. They are absent from refresh
	// tokens and in impersonations.
	AuthTime *jwt.NumericDate `json:"auth_time,omitempty"`
	ACR      string           `json:"acr,omitempty"`
	AMR      []string         `json:"amr,omitempty"`
}

type actor struct {
	Subject string `json:"sub"`
}

// actorID returns the id of the user who acts as the subject, empty if there is none.
func (c *claims) actorID() string {
	if c.Actor == nil {
		return ""
	}
	return c.Actor.Subject
}

// registered are the claims that a host cannot replace.
var registered = []string{"iss", "aud", "sub", "jti", "iat", "exp", "nbf", "token_use", "sid", "act", "client_id", "auth_time", "acr", "amr"}

func (s *Service) newClaims(use, userID, sessionToken, id string, lifetime time.Duration) (*issued, error) {
	sealed, err := s.deps.Keys.Seal(purposeSession, []byte(sessionToken), s.associatedData(id))
	if err != nil {
		return nil, fmt.Errorf("seal session: %w", err)
	}
	now := s.deps.Now()
	c := &issued{claims: claims{
		Issuer: s.deps.Issuer, Subject: userID, ID: id, Use: use,
		IssuedAt: jwt.NewNumericDate(now), Expires: jwt.NewNumericDate(now.Add(lifetime)),
		Session: base64.RawURLEncoding.EncodeToString(sealed),
	}}
	// A refresh token has no audience, so that a service that checks only the audience
	// does not accept it as an access token.
	if s.cfg.Audience != "" && use == useAccess {
		c.Audience, c.ClientID = jwt.Audience{s.cfg.Audience}, clientID
	}
	return c, nil
}

// associatedData returns the data that binds the encrypted session token to its token
// and to this service.
func (s *Service) associatedData(id string) []byte { return []byte(id + s.deps.Realm) }

func (s *Service) sign(c *issued, more map[string]any) (string, error) {
	signer := s.keys.signer
	if c.ClientID != "" {
		signer = s.keys.accessSigner
	}
	builder := jwt.Signed(signer)
	if len(more) > 0 {
		builder = builder.Claims(more)
	}
	text, err := builder.Claims(c).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return text, nil
}

// AsksHost reports whether the host adds claims to access tokens.
func (s *Service) AsksHost() bool { return s.cfg.Claims != nil }

// Claims returns the claims that the host adds to access tokens of the user. It may
// use the database, so no transaction may be open.
func (s *Service) Claims(ctx context.Context, user *authn.User) (map[string]any, error) {
	if s.cfg.Claims == nil {
		return nil, nil
	}
	added, err := s.cfg.Claims(ctx, user)
	if err != nil {
		return nil, fmt.Errorf("claims of the access token: %w", err)
	}
	more := maps.Clone(added)
	for _, name := range registered {
		delete(more, name)
	}
	return more, nil
}

// accessToken returns a new access token for the user of the session. That of an
// impersonation names the actor and expires with the impersonation at the latest.
func (s *Service) accessToken(active *session.Active, sessionToken string, more map[string]any) (string, error) {
	id, err := s.newID()
	if err != nil {
		return "", err
	}
	lifetime := s.cfg.AccessTokenExpiresIn
	if i := active.State.Impersonation; i != nil {
		lifetime = min(lifetime, i.EndsAt.Sub(s.deps.Now()))
	}
	c, err := s.newClaims(useAccess, active.UserID(), sessionToken, id, lifetime)
	if err != nil {
		return "", err
	}
	if active.Actor != nil {
		c.Actor = &actor{active.ActorID()}
	} else if a := login.AssuranceOf(active.State.Methods); !a.AuthTime.IsZero() {
		c.AuthTime, c.ACR, c.AMR = jwt.NewNumericDate(a.AuthTime), a.ACR, a.AMR
	}
	return s.sign(c, more)
}

// newID returns the id of a token: 128 random bits.
func (s *Service) newID() (string, error) {
	id, err := keyring.RandomBytes(s.deps.Rand, 16)
	return base64.RawURLEncoding.EncodeToString(id), err
}

// parse verifies a token of one kind and returns its claims and session token. Returns
// token.ErrInvalid, without a reason, if it is invalid.
func (s *Service) parse(use, text string, more ...any) (*claims, string, error) {
	if len(text) > maxTokenBytes {
		return nil, "", token.ErrInvalid
	}
	payload, err := VerifySignature(text, s.keys.algorithms, s.keys.find)
	if err != nil {
		return nil, "", token.ErrInvalid
	}
	var c claims
	for _, one := range append(more, &c) {
		if err := json.Unmarshal(payload, one); err != nil {
			return nil, "", token.ErrInvalid
		}
	}
	switch {
	case c.Use != use, c.Issuer != s.deps.Issuer, c.Subject == "", c.ID == "",
		use == useAccess && s.cfg.Audience != "" && !c.Audience.Contains(s.cfg.Audience),
		c.Expires == nil || !s.deps.Now().Before(c.Expires.Time()):
		return nil, "", token.ErrInvalid
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Session)
	if err != nil {
		return nil, "", token.ErrInvalid
	}
	sessionToken, err := s.deps.Keys.Open(purposeSession, sealed, s.associatedData(c.ID))
	if err != nil {
		return nil, "", token.ErrInvalid
	}
	return &c, string(sessionToken), nil
}
