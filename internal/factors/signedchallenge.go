package factors

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// The challenge of a login by passkey in a browser is signed and not stored. Pages
// request it when they load, for the browser's autofill (conditional mediation, WebAuthn
// §5.1.4), whether or not a user logs in, and may stay open for long. A row is stored
// only when the challenge is used.
const (
	signedPurpose = "passkey login"
	// spentPurpose is the purpose of the row of a used challenge.
	spentPurpose = "mfa.webauthn.spent"
	// signedChallengeAge is how long a signed challenge is valid.
	signedChallengeAge = time.Hour
	// spentAge is how long a used challenge is remembered. It allows for servers whose
	// clocks differ, and for a clock that is set back after a clean-up.
	spentAge = 2 * signedChallengeAge
	// nonceSize is in bytes; WebAuthn §13.4.3 requires at least 16.
	nonceSize = 16
)

// PasskeyCookieName is the name of the cookie to which a signed challenge is bound, so
// that it is valid in one browser only. The cookie of CSRF tokens would not do: a login
// in another tab, or a parallel first request, replaces it while the page waits.
const PasskeyCookieName = "mfa_passkey"

const browserPurpose = "passkey browser"

// browserMarks returns the values of the browser's cookie that this server has set.
func (s *Service) browserMarks(sess *login.Session) []string {
	var marks []string
	for _, value := range sess.SentCookies(PasskeyCookieName) {
		if _, ok := s.deps.Keys.Verify(browserPurpose, value); ok {
			marks = append(marks, value)
		}
	}
	return marks
}

// signChallenge returns a challenge that is valid once, in this browser, for this relying
// party, for signedChallengeAge.
func (s *Service) signChallenge(sess *login.Session) ([]byte, error) {
	random, err := keyring.RandomBytes(s.deps.Rand, 2*nonceSize)
	if err != nil {
		return nil, err
	}
	marks := append(s.browserMarks(sess), s.deps.Keys.Sign(browserPurpose, random[nonceSize:]))
	sess.SetCookie(login.Cookie{Name: PasskeyCookieName, Value: marks[0], MaxAge: signedChallengeAge})
	payload := slices.Concat(random[:nonceSize], s.boundTo(marks[0]))
	return []byte(s.deps.Keys.SignUntil(signedPurpose, payload, s.deps.Now().Add(signedChallengeAge))), nil
}

// boundTo returns the hash of what a signed challenge is bound to.
func (s *Service) boundTo(mark string) []byte {
	sum := sha256.Sum256([]byte(s.keys.ID() + "\x00" + mark))
	return sum[:]
}

// checkSignedChallenge returns webauthn.ErrRejected unless the challenge was signed for
// this browser and relying party, and has not expired.
func (s *Service) checkSignedChallenge(sess *login.Session, challenge []byte) error {
	payload, ok := s.deps.Keys.VerifyAt(signedPurpose, string(challenge), s.deps.Now())
	if !ok || len(payload) < nonceSize {
		return fmt.Errorf("the challenge is not ours, or has expired: %w", webauthn.ErrRejected)
	}
	for _, mark := range s.browserMarks(sess) {
		if subtle.ConstantTimeCompare(payload[nonceSize:], s.boundTo(mark)) == 1 {
			return nil
		}
	}
	return fmt.Errorf("the challenge is that of another browser or relying party: %w", webauthn.ErrRejected)
}

// spendChallenge consumes a signed challenge. It runs in the transaction of the login.
// Returns webauthn.ErrRejected to all but one of several callers.
func (s *Service) spendChallenge(ctx context.Context, challenge []byte) error {
	err := s.codes.Spend(ctx, spentPurpose, challenge, spentAge)
	if errors.Is(err, work.ErrNotPending) {
		return fmt.Errorf("the challenge was used before: %w", webauthn.ErrRejected)
	}
	return err
}
