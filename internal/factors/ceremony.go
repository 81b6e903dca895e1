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

// challengeSize is in bytes; WebAuthn §13.4.3 requires at least 16.
const challengeSize = 32

// challengeData is stored with the challenge of a registration.
type challengeData struct {
	Handle       []byte `json:"handle,omitempty"`
	Passwordless bool   `json:"passwordless,omitempty"`
	Upgrade      bool   `json:"upgrade,omitempty"`
}

// dataOf returns the data of the challenge for a new key.
func dataOf(handle []byte, kind webauthn.Kind) challengeData {
	return challengeData{handle, kind != webauthn.SecondFactor, kind == webauthn.Upgrade}
}

// kind returns what the new key is for.
func (d challengeData) kind() webauthn.Kind {
	switch {
	case d.Upgrade:
		return webauthn.Upgrade
	case d.Passwordless:
		return webauthn.Passkey
	}
	return webauthn.SecondFactor
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
// challenge replaces an earlier one of the same ceremony in the session. A login in a
// browser has a signed challenge in its place.
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
	return challenge, s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.deleteChallenge(ctx, sess, c.slot(sess)); err != nil {
			return err
		}
		issued, err := s.codes.Issue(ctx, row, hex.EncodeToString(challenge), s.cfg.WebAuthnTimeout)
		if err != nil {
			return err
		}
		login.Put(sess, c.slot(sess), issued.ID)
		return nil
	})
}

// consumeChallenge consumes the pending challenge of the ceremony, whether or not it
// equals claimed. Returns webauthn.ErrRejected unless claimed equals the challenge,
// the challenge was issued for the user, and no other request has consumed it.
func (s *Service) consumeChallenge(ctx context.Context, sess *login.Session, c ceremony, userID string, claimed []byte) (challengeData, error) {
	row, err := s.codes.Find(ctx, string(c), *c.slot(sess))
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
	if row.UserID != userID || !s.codes.Matches(row, hex.EncodeToString(claimed)) {
		return challengeData{}, fmt.Errorf("the response is to another challenge: %w", webauthn.ErrRejected)
	}
	var content challengeData
	return content, json.Unmarshal(row.Data, &content)
}
