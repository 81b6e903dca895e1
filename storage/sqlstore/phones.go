package sqlstore

import (
	"context"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

func scanPhone(scan func(...any) error) (account.Phone, error) {
	var p account.Phone
	err := scan(&p.UserID, &p.Number, &p.Verified)
	return p, err
}

// SetPhone implements account.PhoneStore.
func (s *Store) SetPhone(ctx context.Context, p account.Phone, exclusive bool) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		owners, err := s.phonesForUpdate(ctx, p.Number)
		if err != nil {
			return err
		}
		for _, other := range owners {
			if other.UserID != p.UserID && other.Verified {
				return authn.ErrConflict
			}
		}
		if p.Verified {
			if err := s.dropPhoneClaims(ctx, p.UserID, p.Number); err != nil {
				return err
			}
		}
		if err := s.DeletePhone(ctx, p.UserID); err != nil {
			return err
		}
		var claim any
		if exclusive || p.Verified {
			claim = p.Number
		}
		return s.insert(ctx, "set phone number", `{phones} (user_id, number, verified, claim) VALUES (?, ?, ?, ?)`,
			p.UserID, p.Number, p.Verified, claim)
	})
}

// dropPhoneClaims ends the claims of other users who have not verified the
// number.
func (s *Store) dropPhoneClaims(ctx context.Context, except, number string) error {
	_, err := s.exec(ctx, "drop claims", `UPDATE {phones} SET claim = NULL WHERE claim = ? AND user_id <> ? AND verified = ?`, number, except, false)
	return err
}

func (s *Store) phonesForUpdate(ctx context.Context, number string) ([]account.Phone, error) {
	return rows(ctx, s, "look up phone number",
		`SELECT user_id, number, verified FROM {phones} WHERE number = ? ORDER BY user_id `+s.dialect.forUpdate, []any{number}, scanPhone)
}

// VerifyPhone implements account.PhoneStore.
func (s *Store) VerifyPhone(ctx context.Context, userID, number string) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		owners, err := s.phonesForUpdate(ctx, number)
		if err != nil {
			return err
		}
		for _, other := range owners {
			if other.UserID != userID && other.Verified {
				return authn.ErrConflict
			}
		}
		if err := s.dropPhoneClaims(ctx, userID, number); err != nil {
			return err
		}
		n, err := s.exec(ctx, "verify phone number",
			`UPDATE {phones} SET verified = ?, claim = number WHERE user_id = ? AND number = ? AND verified = ?`, true, userID, number, false)
		if err != nil || n > 0 {
			return err
		}
		for _, own := range owners {
			if own.UserID == userID {
				return nil // it is verified already
			}
		}
		return authn.ErrNotFound
	})
}

// DeletePhone implements account.PhoneStore.
func (s *Store) DeletePhone(ctx context.Context, userID string) error {
	_, err := s.exec(ctx, "drop phone number", `DELETE FROM {phones} WHERE user_id = ?`, userID)
	return err
}

// PhoneByUser implements account.PhoneStore.
func (s *Store) PhoneByUser(ctx context.Context, userID string) (*account.Phone, error) {
	p := account.Phone{UserID: userID}
	err := s.row(ctx, "load phone number", `SELECT number, verified FROM {phones} WHERE user_id = ?`, []any{userID}, &p.Number, &p.Verified)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// PhonesByNumber implements account.PhoneStore.
func (s *Store) PhonesByNumber(ctx context.Context, number string) ([]account.Phone, error) {
	return rows(ctx, s, "look up phone number",
		`SELECT user_id, number, verified, `+ownerUnverified+` FROM {phones} k WHERE number = ? ORDER BY verified DESC, user_id`, []any{number},
		func(scan func(...any) error) (account.Phone, error) {
			var p account.Phone
			err := scan(&p.UserID, &p.Number, &p.Verified, &p.OwnerUnverified)
			return p, err
		})
}
