package factors

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// ceremony is a registration or authentication ceremony of WebAuthn. It is the purpose
// of the challenge and selects the session's slot for the challenge's id, so that the
// response of one ceremony is not accepted in another.
type ceremony string

const (
	ceremonyAdd            ceremony = "mfa.webauthn.add"
	ceremonySignup         ceremony = "mfa.webauthn.signup"
	ceremonyLogin          ceremony = "mfa.webauthn.login"
	ceremonyAuthenticate   ceremony = "mfa.webauthn.authenticate"
	ceremonyReauthenticate ceremony = "mfa.webauthn.reauthenticate"
)

// PasskeyCookieName is the name of the cookie that holds the challenge of a login by
// passkey in a browser without a session. Pages request the challenge while they
// load. If that request opened a session, a late response could overwrite the session
// of a login that completed in the meantime.
const PasskeyCookieName = "mfa_passkey"

// challengeSize is in bytes; WebAuthn §13.4.3 requires at least 16.
const challengeSize = 32

// challengeData is stored with the challenge of a registration.
type challengeData struct {
	Handle       []byte `json:"handle,omitempty"`
	Passwordless bool   `json:"passwordless,omitempty"`
}

// slot returns the session's field for the id of the ceremony's challenge.
func (c ceremony) slot(sess *login.Session) *string {
	switch slots := &sess.State.Slots; c {
	case ceremonyAdd:
		return &slots.WebAuthnAdd
	case ceremonySignup:
		return &slots.WebAuthnSignup
	case ceremonyLogin:
		return &slots.WebAuthnLogin
	case ceremonyAuthenticate:
		return &slots.WebAuthnAuthenticate
	default:
		return &slots.WebAuthnReauthenticate
	}
}

// issueChallenge stores a random challenge for a ceremony of the user and returns it.
// userID is empty in a login by passkey, in which the assertion names the user. The
// challenge replaces an earlier one of the same ceremony in the session.
func (s *Service) issueChallenge(ctx context.Context, sess *login.Session, c ceremony, userID string, content challengeData) ([]byte, error) {
	challenge, err := keyring.RandomBytes(s.deps.Rand, challengeSize)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	row := authn.Challenge{Purpose: string(c), UserID: userID, Data: data}
	issue := func(ctx context.Context) (*authn.Challenge, error) {
		return s.codes.Issue(ctx, row, hex.EncodeToString(challenge), s.cfg.WebAuthnTimeout)
	}
	if c == ceremonyLogin && sess.Kind == login.Browser && sess.RowID == "" {
		issued, err := issue(ctx)
		if err != nil {
			return nil, err
		}
		value := s.deps.Keys.Sign(string(c), []byte(issued.ID))
		sess.SetCookie(login.Cookie{Name: PasskeyCookieName, Value: value, MaxAge: s.cfg.WebAuthnTimeout})
		return challenge, nil
	}
	return challenge, s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.deleteChallenge(ctx, sess, c.slot(sess)); err != nil {
			return err
		}
		issued, err := issue(ctx)
		if err != nil {
			return err
		}
		login.Put(sess, c.slot(sess), issued.ID)
		return nil
	})
}

// pendingChallenge returns the ceremony's challenge that the session or the browser's
// cookie holds. If there are several, it prefers the one that equals claimed. Returns
// work.ErrNotPending if there is none.
func (s *Service) pendingChallenge(ctx context.Context, sess *login.Session, c ceremony, claimed []byte) (row *authn.Challenge, err error) {
	ids := []string{*c.slot(sess)}
	if c == ceremonyLogin {
		for _, value := range sess.SentCookies(PasskeyCookieName) {
			if id, ok := s.deps.Keys.Verify(string(c), value); ok {
				ids = append(ids, string(id))
			}
		}
	}
	for _, id := range ids {
		found, err := s.codes.Find(ctx, string(c), id)
		if errors.Is(err, work.ErrNotPending) {
			continue
		}
		if err != nil || s.codes.Matches(found, hex.EncodeToString(claimed)) {
			return found, err
		}
		row = found
	}
	if row == nil {
		return nil, work.ErrNotPending
	}
	return row, nil
}

// consumeChallenge consumes the pending challenge of the ceremony, whether or not it
// equals claimed. Returns webauthn.ErrRejected unless claimed equals the challenge,
// the challenge was issued for the user, and no other request has consumed it.
func (s *Service) consumeChallenge(ctx context.Context, sess *login.Session, c ceremony, userID string, claimed []byte) (challengeData, error) {
	row, err := s.pendingChallenge(ctx, sess, c, claimed)
	if errors.Is(err, work.ErrNotPending) {
		return challengeData{}, fmt.Errorf("no challenge is pending: %w", webauthn.ErrRejected)
	}
	if err != nil {
		return challengeData{}, err
	}
	err = s.codes.Consume(ctx, row)
	switch {
	case errors.Is(err, work.ErrNotPending):
		// The slot is not emptied: that would store a session that was read before
		// another request authenticated the user in it.
		return challengeData{}, fmt.Errorf("the challenge was used before: %w", webauthn.ErrRejected)
	case err != nil:
		return challengeData{}, fmt.Errorf("consume challenge: %w", err)
	}
	login.Drop(sess, c.slot(sess))
	if c == ceremonyLogin && len(sess.SentCookies(PasskeyCookieName)) > 0 {
		sess.SetCookie(login.Cookie{Name: PasskeyCookieName, MaxAge: -1})
	}
	if row.UserID != userID || !s.codes.Matches(row, hex.EncodeToString(claimed)) {
		return challengeData{}, fmt.Errorf("the response is to another challenge: %w", webauthn.ErrRejected)
	}
	var content challengeData
	return content, json.Unmarshal(row.Data, &content)
}
