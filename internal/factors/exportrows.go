package factors

import (
	"context"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/mfa"
)

// Export returns the authenticators of a user, decrypted, as Import takes them.
func (s *Service) Export(ctx context.Context, userID string) ([]mfa.Imported, error) {
	rows, err := s.rows(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("mfa: export: %w", err)
	}
	var list []mfa.Imported
	for _, row := range rows {
		out := mfa.Imported{CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt}
		switch row.Type {
		case mfa.TOTP:
			var app totpApp
			err = s.open(&row, &app)
			out.Secret, out.Digits, out.Period = app.Secret, app.Digits, time.Duration(app.Period)*time.Second
		case mfa.RecoveryCodes:
			var set recoverySet
			err = s.open(&row, &set)
			out.Codes = set.Codes
		case mfa.WebAuthn:
			var key storedKey
			err = s.open(&row, &key)
			out.Key, out.Name, out.SignCount, out.Unconfirmed = &key.Credential, row.Name, uint32(row.Counter), key.Silent
		default:
			err = fmt.Errorf("authenticator %d is of the unknown type %q", row.ID, row.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("mfa: export: %w", err)
		}
		list = append(list, out)
	}
	return list, nil
}
