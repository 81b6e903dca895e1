package factors

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/allauth-go/allauth/mfa"
)

// Import stores an authenticator of another system and returns its id. Returns
// authn.ErrConflict if the user already has an app or recovery codes, or if any user
// has that key.
func (s *Service) Import(ctx context.Context, userID string, in mfa.Imported) (int64, error) {
	row := &mfa.Authenticator{UserID: userID, CreatedAt: in.CreatedAt, LastUsedAt: in.LastUsedAt}
	var data any
	var err error
	switch {
	case in.Unconfirmed && (in.Key == nil || !isPasskey(in.Key)):
		err = errors.New("only a Key that is a passkey can be Unconfirmed, as its first login confirms it")
	case in.Secret != "" && in.Codes == nil && in.Key == nil:
		row.Type, row.Claim = mfa.TOTP, userClaim(mfa.TOTP, userID)
		data, err = s.importApp(in)
	case len(in.Codes) > 0 && in.Secret == "" && in.Key == nil:
		row.Type, row.Claim = mfa.RecoveryCodes, userClaim(mfa.RecoveryCodes, userID)
		data = &recoverySet{Codes: in.Codes, Viewed: true}
	case in.Key != nil && in.Secret == "" && in.Codes == nil:
		row.Type, row.Claim, row.Counter, data = mfa.WebAuthn, keyClaim(in.Key.ID), int64(in.SignCount), &storedKey{*in.Key, in.Unconfirmed}
	default:
		err = errors.New("set one of Secret, Codes and Key")
	}
	if err == nil {
		err = s.deps.InTx(ctx, func(ctx context.Context) error {
			if err := s.deps.Tx.LockUser(ctx, userID); err != nil {
				return err
			}
			if row.Type == mfa.WebAuthn {
				if row.Name, err = s.keyName(ctx, userID, in.Name, in.Key); err != nil {
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

// minSecretSize is the size of the shortest TOTP secret that Import accepts, in bytes.
// RFC 4226 requires 16, but older systems generated 10.
const minSecretSize = 10

func (s *Service) importApp(in mfa.Imported) (*totpApp, error) {
	secret := strings.ToUpper(strings.TrimRight(strings.ReplaceAll(in.Secret, " ", ""), "="))
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return nil, fmt.Errorf("secret is not base32: %w", err)
	}
	if len(raw) < minSecretSize {
		return nil, fmt.Errorf("secret has %d bytes, which can be guessed; it needs %d", len(raw), minSecretSize)
	}
	app := s.newApp(secret)
	if in.Digits != 0 {
		app.Digits = in.Digits
	}
	if in.Period != 0 {
		app.Period = int64(in.Period / time.Second)
	}
	if app.Digits < 6 || app.Digits > 8 || app.Period < 1 {
		return nil, errors.New("an app has 6 to 8 digits and a period of a second at least")
	}
	return app, nil
}
