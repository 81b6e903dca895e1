package factors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

// typeOrder is the order in which types are listed to clients.
var typeOrder = []mfa.Type{mfa.RecoveryCodes, mfa.TOTP, mfa.WebAuthn}

// isSecondFactor reports whether an authenticator that is active is a second factor of its
// own. Recovery codes only replace one.
func isSecondFactor(a mfa.Authenticator) bool { return a.Type == mfa.TOTP || a.Type == mfa.WebAuthn }

func ofType(t mfa.Type) func(mfa.Authenticator) bool {
	return func(a mfa.Authenticator) bool { return a.Type == t }
}

// find returns the first authenticator of the type, or nil.
func find(rows []mfa.Authenticator, t mfa.Type) *mfa.Authenticator {
	if i := slices.IndexFunc(rows, ofType(t)); i >= 0 {
		return &rows[i]
	}
	return nil
}

func countKeys(rows []mfa.Authenticator) int {
	return len(rows) - len(slices.DeleteFunc(slices.Clone(rows), ofType(mfa.WebAuthn)))
}

// typesOf returns the distinct types of authenticators, in typeOrder.
func typesOf(rows []mfa.Authenticator) []string {
	var types []string
	for _, t := range typeOrder {
		if slices.ContainsFunc(rows, ofType(t)) {
			types = append(types, string(t))
		}
	}
	return types
}

// userClaim returns the Claim of a type of which a user can have only one.
func userClaim(t mfa.Type, userID string) string { return string(t) + ":" + userID }

func (s *Service) rows(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	rows, err := s.store.AuthenticatorsByUser(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("load authenticators: %w", err)
	}
	return rows, nil
}

// active returns the authenticators that count: all but the passkeys of upgrades before
// their first login.
func (s *Service) active(rows []mfa.Authenticator) []mfa.Authenticator {
	return slices.DeleteFunc(slices.Clone(rows), s.isSilent)
}

// activeRows returns the user's authenticators that count.
func (s *Service) activeRows(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	rows, err := s.rows(ctx, userID)
	return s.active(rows), err
}

// sealPurpose names the key with which authenticators are encrypted.
const sealPurpose = "mfa authenticator"

// associatedData is authenticated together with the encrypted data, so that data that
// was copied to the row of another user cannot be decrypted.
func associatedData(a *mfa.Authenticator) []byte { return []byte(string(a.Type) + "\x00" + a.UserID) }

// seal encrypts v into the row.
func (s *Service) seal(a *mfa.Authenticator, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	a.Data, err = s.deps.Keys.Seal(sealPurpose, text, associatedData(a))
	return err
}

// open decrypts the row into v.
func (s *Service) open(a *mfa.Authenticator, v any) error {
	text, err := s.deps.Keys.Open(sealPurpose, a.Data, associatedData(a))
	if err != nil {
		return fmt.Errorf("authenticator %d: %w", a.ID, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("authenticator %d: %w", a.ID, err)
	}
	return nil
}

// create encrypts v into a new row and stores it.
func (s *Service) create(ctx context.Context, a *mfa.Authenticator, v any) error {
	if a.CreatedAt.IsZero() {
		a.CreatedAt = s.deps.Now()
	}
	if err := s.seal(a, v); err != nil {
		return err
	}
	id, err := s.store.CreateAuthenticator(ctx, *a)
	if err != nil {
		return fmt.Errorf("store authenticator: %w", err)
	}
	a.ID = id
	return nil
}

// saveUse stores the row with the current time as that of its last use. Returns
// authn.ErrConflict if another request changed the row, authn.ErrNotFound if it was
// deleted.
func (s *Service) saveUse(ctx context.Context, a *mfa.Authenticator) error {
	a.LastUsedAt = s.deps.Now()
	if err := s.store.UpdateAuthenticator(ctx, *a); err != nil {
		return fmt.Errorf("update authenticator: %w", err)
	}
	a.Version++
	return nil
}

// renewAfterwards re-encrypts, at the end of the request, the user's authenticators
// that are encrypted with an older secret, so that the host can remove that secret
// eventually.
func (s *Service) renewAfterwards(ctx context.Context, userID string) {
	work.Afterwards(ctx, func(ctx context.Context) error {
		rows, err := s.rows(ctx, userID)
		for i := range rows {
			if !s.deps.Keys.IsCurrent(rows[i].Data) {
				err = errors.Join(err, s.reseal(ctx, &rows[i]))
			}
		}
		if err != nil {
			return fmt.Errorf("re-encrypt authenticators: %w", err)
		}
		return nil
	})
}

// reseal encrypts a stored row with the current key.
func (s *Service) reseal(ctx context.Context, a *mfa.Authenticator) error {
	var data json.RawMessage
	if err := s.open(a, &data); err != nil {
		return err
	}
	if err := s.seal(a, data); err != nil {
		return err
	}
	return s.store.UpdateAuthenticator(ctx, *a)
}

// remove deletes the chosen authenticators of the logged-in user and calls each for
// every one of them. If no second factor is left, it deletes the recovery codes as
// well. It runs in a transaction that holds the lock of the user.
func (s *Service) remove(ctx context.Context, sess *login.Session, chosen func(mfa.Authenticator) bool, each func(mfa.Authenticator) error) error {
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(rows), chosen)
	for _, a := range rows {
		if !chosen(a) {
			continue
		}
		if err := s.deleteAuthenticator(ctx, a); err != nil {
			return err
		}
		if err := each(a); err != nil {
			return err
		}
	}
	if codes := find(rest, mfa.RecoveryCodes); codes != nil && !slices.ContainsFunc(s.active(rest), isSecondFactor) {
		return s.deleteAuthenticator(ctx, *codes)
	}
	return nil
}

// deleteAuthenticator deletes an authenticator and publishes the event.
func (s *Service) deleteAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	if err := s.store.DeleteAuthenticator(ctx, a.UserID, a.ID); err != nil {
		return fmt.Errorf("delete authenticator: %w", err)
	}
	work.Emit(ctx, a.UserID, mfa.AuthenticatorRemoved{ID: a.ID, Type: a.Type})
	return nil
}
