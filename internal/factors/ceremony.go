package factors

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// ceremony is what a key is asked for. It names the purpose of the challenge and
// the place of its id in the session, so that the answer to one counts for
// nothing in another.
type ceremony string

const (
	ceremonyAdd            ceremony = "mfa.webauthn.add"
	ceremonySignup         ceremony = "mfa.webauthn.signup"
	ceremonyLogin          ceremony = "mfa.webauthn.login"
	ceremonyAuthenticate   ceremony = "mfa.webauthn.authenticate"
	ceremonyReauthenticate ceremony = "mfa.webauthn.reauthenticate"
)

// PasskeyCookieName is the name of the cookie that holds the challenge of a login by
// passkey in a browser that has no session. Pages ask for the challenge as they
// are loaded: with a session of its own, an answer that arrives late would take
// the place of a login of the meantime.
const PasskeyCookieName = "mfa_passkey"

// challengeSize is in bytes (Web Authentication §13.4.3 asks for 16).
const challengeSize = 32

// asked is what a challenge for a new key has to remember.
type asked struct {
	Handle       []byte `json:"handle,omitempty"`
	Passwordless bool   `json:"passwordless,omitempty"`
}

// slot is where the session keeps the challenge of the ceremony.
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

// ask draws the challenge of a ceremony for the user, who is empty where the key
// has to tell. It takes the place of an earlier one of the session.
func (s *Service) ask(ctx context.Context, sess *login.Session, c ceremony, userID string, a asked) ([]byte, error) {
	challenge := make([]byte, challengeSize)
	if _, err := io.ReadFull(s.deps.Rand, challenge); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	data, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	if err := s.dropChallenge(ctx, sess, c.slot(sess)); err != nil {
		return nil, err
	}
	row := authn.Challenge{Purpose: string(c), UserID: userID, Data: data}
	issued, err := s.codes.Issue(ctx, row, hex.EncodeToString(challenge), s.cfg.WebAuthnTimeout)
	if err != nil {
		return nil, err
	}
	if c == ceremonyLogin && sess.Kind == login.Browser && sess.RowID == "" {
		value := s.deps.Keys.Sign(string(c), []byte(issued.ID))
		sess.SetCookie(login.Cookie{Name: PasskeyCookieName, Value: value, MaxAge: s.cfg.WebAuthnTimeout})
		return challenge, nil
	}
	login.Put(sess, c.slot(sess), issued.ID)
	return challenge, nil
}

// awaited returns the challenge that the session, or the browser, was given for the
// ceremony: of several the one that the answer claims. work.ErrNotPending if there
// is none.
func (s *Service) awaited(ctx context.Context, sess *login.Session, c ceremony, claimed []byte) (row *authn.Challenge, err error) {
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

// spend uses up the challenge that the session was given for the ceremony,
// whether the answer is to it or to another one. webauthn.ErrRejected unless
// claimed is that challenge, it was drawn for the user, and nobody used it
// before.
func (s *Service) spend(ctx context.Context, sess *login.Session, c ceremony, userID string, claimed []byte) (asked, error) {
	row, err := s.awaited(ctx, sess, c, claimed)
	if errors.Is(err, work.ErrNotPending) {
		return asked{}, fmt.Errorf("no challenge is awaited: %w", webauthn.ErrRejected)
	}
	if err != nil {
		return asked{}, err
	}
	err = s.codes.Consume(ctx, row)
	switch {
	case errors.Is(err, work.ErrNotPending):
		// The slot stays: a session that was read before another request proved who
		// the user is must not be stored after it.
		return asked{}, fmt.Errorf("the challenge was used before: %w", webauthn.ErrRejected)
	case err != nil:
		return asked{}, fmt.Errorf("consume challenge: %w", err)
	}
	login.Drop(sess, c.slot(sess))
	if c == ceremonyLogin && len(sess.SentCookies(PasskeyCookieName)) > 0 {
		sess.SetCookie(login.Cookie{Name: PasskeyCookieName, MaxAge: -1})
	}
	if row.UserID != userID || !s.codes.Matches(row, hex.EncodeToString(claimed)) {
		return asked{}, fmt.Errorf("the answer is to another challenge: %w", webauthn.ErrRejected)
	}
	var a asked
	return a, json.Unmarshal(row.Data, &a)
}
