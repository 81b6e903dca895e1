package memstore

import (
	"context"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// AddEmail implements account.EmailStore.
func (s *Store) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, userID := range s.addresses[a.Email] {
			row := s.emailOf(userID, a.Email)
			if userID == a.UserID || (a.Verified || exclusive) && row.Verified || exclusive && row.claim {
				return authn.ErrConflict
			}
		}
		if a.Verified {
			s.dropClaims(tx, a.Email, a.UserID)
		}
		s.putEmails(tx, a.UserID, append(slices.Clone(s.emails[a.UserID]), emailRow{a, exclusive || a.Verified}))
		set(tx, s.addresses, a.Email, with(s.addresses[a.Email], a.UserID))
		return nil
	})
}

func (s *Store) putEmails(tx *transaction, userID string, rows []emailRow) {
	set(tx, s.emails, userID, rows)
}

func (s *Store) emailOf(userID, email string) *emailRow {
	rows := s.emails[userID]
	for i := range rows {
		if rows[i].Email == email {
			return &rows[i]
		}
	}
	return nil
}

// dropClaims takes the address from those who claimed it without proof.
func (s *Store) dropClaims(tx *transaction, email, except string) {
	for _, userID := range s.addresses[email] {
		if userID != except {
			s.changeEmail(tx, userID, email, func(row *emailRow) { row.claim = false })
		}
	}
}

func (s *Store) changeEmail(tx *transaction, userID, email string, change func(*emailRow)) {
	rows := slices.Clone(s.emails[userID])
	for i := range rows {
		if rows[i].Email == email {
			change(&rows[i])
		}
	}
	s.putEmails(tx, userID, rows)
}

// EmailsByUser implements account.EmailStore.
func (s *Store) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	var list []account.EmailAddress
	err := s.read(ctx, func() error {
		rows := s.emails[userID]
		if len(rows) > 0 {
			list = make([]account.EmailAddress, len(rows))
		}
		for i, row := range rows {
			list[i] = row.EmailAddress
		}
		return nil
	})
	return list, err
}

// EmailsByAddress implements account.EmailStore.
func (s *Store) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	var list []account.EmailAddress
	err := s.read(ctx, func() error {
		for _, userID := range s.addresses[email] {
			row := s.emailOf(userID, email).EmailAddress
			if row.Verified {
				list = slices.Insert(list, 0, row)
			} else {
				list = append(list, row)
			}
		}
		return nil
	})
	return list, err
}

// VerifyEmail implements account.EmailStore.
func (s *Store) VerifyEmail(ctx context.Context, userID, email string) (bool, error) {
	won := false
	err := s.write(ctx, func(tx *transaction) error {
		own := s.emailOf(userID, email)
		if own == nil {
			return authn.ErrNotFound
		}
		if own.Verified {
			return nil
		}
		for _, other := range s.addresses[email] {
			if s.emailOf(other, email).Verified {
				return authn.ErrConflict
			}
		}
		s.dropClaims(tx, email, userID)
		s.changeEmail(tx, userID, email, func(row *emailRow) { row.Verified, row.claim = true, true })
		won = true
		return nil
	})
	return won, err
}

// SetPrimaryEmail implements account.EmailStore.
func (s *Store) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return s.write(ctx, func(tx *transaction) error {
		if s.emailOf(userID, email) == nil {
			return authn.ErrNotFound
		}
		rows := slices.Clone(s.emails[userID])
		for i := range rows {
			rows[i].Primary = rows[i].Email == email
		}
		s.putEmails(tx, userID, rows)
		return nil
	})
}

// DeleteEmail implements account.EmailStore.
func (s *Store) DeleteEmail(ctx context.Context, userID, email string) error {
	return s.write(ctx, func(tx *transaction) error {
		if s.emailOf(userID, email) == nil {
			return authn.ErrNotFound
		}
		s.putEmails(tx, userID, slices.DeleteFunc(slices.Clone(s.emails[userID]), func(r emailRow) bool { return r.Email == email }))
		set(tx, s.addresses, email, without(s.addresses[email], userID))
		return nil
	})
}

// PasswordHash implements account.PasswordStore.
func (s *Store) PasswordHash(ctx context.Context, userID string) (string, error) {
	hash := ""
	err := s.read(ctx, func() error {
		var ok bool
		if hash, ok = s.passwords[userID]; !ok {
			return authn.ErrNotFound
		}
		return nil
	})
	return hash, err
}

// SwapPasswordHash implements account.PasswordStore.
func (s *Store) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	return s.write(ctx, func(tx *transaction) error {
		if s.passwords[userID] != old {
			return authn.ErrConflict
		}
		set(tx, s.passwords, userID, new)
		return nil
	})
}

// NextPasswordHash implements account.PasswordStore.
func (s *Store) NextPasswordHash(ctx context.Context, from string) (string, error) {
	var least string
	err := s.read(ctx, func() error {
		found := false
		for _, hash := range s.passwords {
			if hash >= from && (!found || hash < least) {
				least, found = hash, true
			}
		}
		if !found {
			return authn.ErrNotFound
		}
		return nil
	})
	return least, err
}

// ClaimUsername implements account.UsernameStore.
func (s *Store) ClaimUsername(ctx context.Context, userID, canonical string) error {
	return s.write(ctx, func(tx *transaction) error {
		if _, taken := s.usernames[canonical]; taken {
			return authn.ErrConflict
		}
		set(tx, s.usernames, canonical, userID)
		return nil
	})
}

// UserIDByUsername implements account.UsernameStore.
func (s *Store) UserIDByUsername(ctx context.Context, canonical string) (string, error) {
	id := ""
	err := s.read(ctx, func() error {
		var ok bool
		if id, ok = s.usernames[canonical]; !ok {
			return authn.ErrNotFound
		}
		return nil
	})
	return id, err
}

// SetPhone implements account.PhoneStore.
func (s *Store) SetPhone(ctx context.Context, p account.Phone, exclusive bool) error {
	return s.write(ctx, func(tx *transaction) error {
		for userID, row := range s.phones {
			if userID != p.UserID && row.Number == p.Number && (row.Verified || exclusive && row.claim) {
				return authn.ErrConflict
			}
		}
		if p.Verified {
			s.dropPhoneClaims(tx, p.Number, p.UserID)
		}
		set(tx, s.phones, p.UserID, phoneRow{p, exclusive || p.Verified})
		return nil
	})
}

// dropPhoneClaims takes the number from those who claimed it without proof.
func (s *Store) dropPhoneClaims(tx *transaction, number, except string) {
	for userID, row := range s.phones {
		if userID != except && row.Number == number && row.claim {
			row.claim = false
			set(tx, s.phones, userID, row)
		}
	}
}

// VerifyPhone implements account.PhoneStore.
func (s *Store) VerifyPhone(ctx context.Context, userID, number string) error {
	return s.write(ctx, func(tx *transaction) error {
		own, ok := s.phones[userID]
		if !ok || own.Number != number {
			return authn.ErrNotFound
		}
		for other, row := range s.phones {
			if other != userID && row.Number == number && row.Verified {
				return authn.ErrConflict
			}
		}
		s.dropPhoneClaims(tx, number, userID)
		own.Verified, own.claim = true, true
		set(tx, s.phones, userID, own)
		return nil
	})
}

// DeletePhone implements account.PhoneStore.
func (s *Store) DeletePhone(ctx context.Context, userID string) error {
	return s.write(ctx, func(tx *transaction) error {
		remove(tx, s.phones, userID)
		return nil
	})
}

// PhoneByUser implements account.PhoneStore.
func (s *Store) PhoneByUser(ctx context.Context, userID string) (*account.Phone, error) {
	var phone account.Phone
	err := s.read(ctx, func() error {
		row, ok := s.phones[userID]
		if !ok {
			return authn.ErrNotFound
		}
		phone = row.Phone
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &phone, nil
}

// PhonesByNumber implements account.PhoneStore.
func (s *Store) PhonesByNumber(ctx context.Context, number string) ([]account.Phone, error) {
	var list []account.Phone
	err := s.read(ctx, func() error {
		for _, row := range s.phones {
			if row.Number != number {
				continue
			}
			if row.Verified {
				list = slices.Insert(list, 0, row.Phone)
			} else {
				list = append(list, row.Phone)
			}
		}
		return nil
	})
	return list, err
}
