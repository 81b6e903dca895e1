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

// isMain reports whether an authenticator counts as a second factor. Recovery
// codes only stand in for one.
func isMain(a mfa.Authenticator) bool { return a.Type == mfa.TOTP || a.Type == mfa.WebAuthn }

func ofType(t mfa.Type) func(mfa.Authenticator) bool {
	return func(a mfa.Authenticator) bool { return a.Type == t }
}

// find returns the first authenticator of that type, or nil.
func find(rows []mfa.Authenticator, t mfa.Type) *mfa.Authenticator {
	if i := slices.IndexFunc(rows, ofType(t)); i >= 0 {
		return &rows[i]
	}
	return nil
}

// typesOf lists the types of authenticators once each, in typeOrder.
func typesOf(rows []mfa.Authenticator) []string {
	var types []string
	for _, t := range typeOrder {
		if slices.ContainsFunc(rows, ofType(t)) {
			types = append(types, string(t))
		}
	}
	return types
}

// claimOf is the Claim of what a user can have one of.
func claimOf(t mfa.Type, userID string) string { return string(t) + ":" + userID }

func (s *Service) rows(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	rows, err := s.store.AuthenticatorsByUser(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("load authenticators: %w", err)
	}
	return rows, nil
}

// sealPurpose names the key that authenticators are encrypted with.
const sealPurpose = "mfa authenticator"

// whose is authenticated along with the data: a row that is moved to another
// user cannot be read.
func whose(a *mfa.Authenticator) []byte { return []byte(string(a.Type) + "\x00" + a.UserID) }

// seal encrypts v into the row.
func (s *Service) seal(a *mfa.Authenticator, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	a.Data, err = s.deps.Keys.Seal(sealPurpose, text, whose(a))
	return err
}

// open decrypts the row into v.
func (s *Service) open(a *mfa.Authenticator, v any) error {
	text, err := s.deps.Keys.Open(sealPurpose, a.Data, whose(a))
	if err != nil {
		return fmt.Errorf("authenticator %d: %w", a.ID, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("authenticator %d: %w", a.ID, err)
	}
	return nil
}

// create seals v into a new row and stores it.
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

// use notes that an authenticator was used.
func (s *Service) use(ctx context.Context, a *mfa.Authenticator) error {
	a.LastUsedAt = s.deps.Now()
	if err := s.store.UpdateAuthenticator(ctx, *a); err != nil {
		return fmt.Errorf("update authenticator: %w", err)
	}
	a.Version++
	return nil
}

// renewAfterwards encrypts those authenticators of the user anew, at the end of the
// request, that an older secret encrypts, so that the secret can be removed one
// day.
func (s *Service) renewAfterwards(ctx context.Context, userID string) {
	work.Afterwards(ctx, func(ctx context.Context) error {
		rows, err := s.rows(ctx, userID)
		for i := range rows {
			if !s.deps.Keys.IsCurrent(rows[i].Data) {
				err = errors.Join(err, s.reseal(ctx, &rows[i]))
			}
		}
		if err != nil {
			return fmt.Errorf("encrypt authenticators anew: %w", err)
		}
		return nil
	})
}

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

// remove deletes some of the authenticators of the logged-in user, and the
// recovery codes along with the last of the others. It runs in a transaction that
// holds the lock of the user.
func (s *Service) remove(ctx context.Context, sess *login.Session, gone func(mfa.Authenticator) bool, each func(mfa.Authenticator) error) error {
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(rows), gone)
	for _, a := range rows {
		if !gone(a) {
			continue
		}
		if err := s.drop(ctx, sess, a); err != nil {
			return err
		}
		if err := each(a); err != nil {
			return err
		}
	}
	if codes := find(rest, mfa.RecoveryCodes); codes != nil && !slices.ContainsFunc(rest, isMain) {
		return s.drop(ctx, sess, *codes)
	}
	return nil
}

// drop deletes an authenticator.
func (s *Service) drop(ctx context.Context, sess *login.Session, a mfa.Authenticator) error {
	if err := s.store.DeleteAuthenticator(ctx, a.UserID, a.ID); err != nil {
		return fmt.Errorf("delete authenticator: %w", err)
	}
	work.Emit(ctx, mfa.AuthenticatorRemoved{UserID: a.UserID, ID: a.ID, Type: a.Type})
	return nil
}
