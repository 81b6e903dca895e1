package mfa

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/allauth-go/allauth/mfa/webauthn"
)

// Imported is an authenticator that a user has in another system. Exactly one of
// Secret, Codes and Key is set.
type Imported struct {
	// Secret is that of an authenticator app, in base32. Its codes have the
	// digits and the period of Config.
	Secret string
	// Codes is a set of recovery codes.
	Codes []RecoveryCode
	// Key is a security key or passkey, see webauthn.ImportCredential, Name what
	// its user calls it (empty: one is chosen), and SignCount its signature
	// counter, zero if it is not known.
	Key       *webauthn.Credential
	Name      string
	SignCount uint32
	// CreatedAt is when it was added there. Zero: now. LastUsedAt is zero if it
	// was never used, or nobody knows.
	CreatedAt, LastUsedAt time.Time
}

// Import stores an authenticator of another system, and returns its id.
// authn.ErrConflict if the user has an app or recovery codes already, or if
// somebody has that key.
func (s *Service) Import(ctx context.Context, userID string, in Imported) (int64, error) {
	row := &Authenticator{UserID: userID, CreatedAt: in.CreatedAt, LastUsedAt: in.LastUsedAt}
	var data any
	var err error
	switch {
	case in.Secret != "" && in.Codes == nil && in.Key == nil:
		row.Type, row.Claim = TOTP, claimOf(TOTP, userID)
		data, err = s.importApp(in.Secret)
	case len(in.Codes) > 0 && in.Secret == "" && in.Key == nil:
		row.Type, row.Claim = RecoveryCodes, claimOf(RecoveryCodes, userID)
		data = &recoverySet{Codes: in.Codes, Viewed: true}
	case in.Key != nil && in.Secret == "" && in.Codes == nil:
		row.Type, row.Claim, row.Counter, data = WebAuthn, keyClaim(in.Key.ID), int64(in.SignCount), in.Key
	default:
		err = errors.New("set one of Secret, Codes and Key")
	}
	if err == nil {
		err = s.deps.Post.InTx(ctx, func(ctx context.Context) error {
			if err := s.deps.Post.Tx.LockUser(ctx, userID); err != nil {
				return err
			}
			if row.Type == WebAuthn {
				if row.Name, err = s.keyName(ctx, userID, in.Name); err != nil {
					return err
				}
			}
			return s.create(ctx, row, data)
		})
	}
	if err != nil {
		return 0, fmt.Errorf("mfa: import: %w", err)
	}
	return row.ID, nil
}

// minSecretSize is the shortest secret that apps are in use with, in bytes. RFC
// 4226 asks for 16, but older systems drew 10.
const minSecretSize = 10

func (s *Service) importApp(text string) (*totpApp, error) {
	secret := strings.ToUpper(strings.TrimRight(strings.ReplaceAll(text, " ", ""), "="))
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return nil, fmt.Errorf("secret is not base32: %w", err)
	}
	if len(raw) < minSecretSize {
		return nil, fmt.Errorf("secret has %d bytes, which can be guessed; it needs %d", len(raw), minSecretSize)
	}
	return s.newApp(secret), nil
}

// DjangoRecoveryCodes computes the recovery codes that django-allauth keeps as a
// seed and a mask of those that were used. count and digits are its settings
// RECOVERY_CODE_COUNT and RECOVERY_CODE_DIGITS. Sets that were migrated there
// are lists of codes, which need no computing.
func DjangoRecoveryCodes(seed string, usedMask *big.Int, count, digits int) ([]RecoveryCode, error) {
	if count < 1 || count > 999 || digits < 2 || digits > 40 {
		return nil, fmt.Errorf("mfa: %d recovery codes of %d digits can not be computed", count, digits)
	}
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	mac := hmac.New(sha1.New, []byte(seed))
	codes := make([]RecoveryCode, count)
	for i := range codes {
		_, _ = fmt.Fprintf(mac, "%3d,", i) // a hash takes everything
		n := new(big.Int).SetBytes(mac.Sum(nil)[:min(digits/2, sha1.Size)])
		codes[i] = RecoveryCode{Code: fmt.Sprintf("%0*d", digits, n.Mod(n, limit)), Used: usedMask.Bit(i) == 1}
	}
	return codes, nil
}
