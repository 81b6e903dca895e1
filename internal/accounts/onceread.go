package accounts

import (
	"context"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
)

// onceRead reads all that is known of an account by one statement, and once in a
// request or transaction.
type onceRead struct {
	account.Store
	// decoy is the id under which the user of decoys is looked up, who has none.
	decoy string
}

// onceReadDecoy is the store of decoys, read as that of users is.
type onceReadDecoy struct {
	authn.UserStore
	onceRead
}

// UserByID implements authn.UserStore.
func (s onceReadDecoy) UserByID(ctx context.Context, _ string) (*authn.User, error) {
	_, err := s.known(ctx, "")
	if err != nil {
		return nil, err
	}
	return nil, authn.ErrNotFound
}

// known is all that is known of an account.
type known struct {
	profile *authn.Profile
	emails  []account.EmailAddress
	phone   *account.Phone
}

// knownKey is the key of what is known of an account.
type knownKey struct {
	userID string
	decoy  bool
}

func (s onceRead) key(userID string) knownKey { return knownKey{userID, s.decoy != ""} }

func (s onceRead) known(ctx context.Context, userID string) (*known, error) {
	return work.Remember(ctx, s.key(userID), func(ctx context.Context) (*known, error) {
		id := userID
		if id == "" {
			id = s.decoy
		}
		profile, emails, phone, err := s.Store.Profile(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("load user: %w", err)
		}
		return &known{profile, emails, phone}, nil
	})
}

// noteCreated notes the account that the transaction of ctx has just made: until the
// commit no other request sees it, so it need not be read.
func (s *Service) noteCreated(ctx context.Context, user *authn.User, hash string, emails []account.EmailAddress, phone *account.Phone) {
	profile := &authn.Profile{User: user, PasswordHash: hash, Email: shownEmail(emails)}
	work.Note(ctx, knownKey{user.ID, false}, &known{profile, emails, phone})
}

// standIn lets a decoy take the place of an account that was read, and that does
// not count: it need not be read again either.
func standIn(ctx context.Context) {
	work.Note(ctx, knownKey{"", true}, &known{profile: &authn.Profile{}})
}

// changed forgets what is known of an account that was changed, and returns err.
func (s onceRead) changed(ctx context.Context, userID string, err error) error {
	work.Forget(ctx, s.key(userID))
	return err
}

func (s onceRead) Profile(ctx context.Context, userID string) (*authn.Profile, []account.EmailAddress, *account.Phone, error) {
	k, err := s.known(ctx, userID)
	if err != nil {
		return nil, nil, nil, err
	}
	return k.profile, slices.Clone(k.emails), k.phone, nil
}

func (s onceRead) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	k, err := s.known(ctx, userID)
	if err != nil {
		return nil, err
	}
	return slices.Clone(k.emails), nil
}

func (s onceRead) PhoneByUser(ctx context.Context, userID string) (*account.Phone, error) {
	k, err := s.known(ctx, userID)
	if err != nil {
		return nil, err
	}
	if k.phone == nil {
		return nil, authn.ErrNotFound
	}
	phone := *k.phone
	return &phone, nil
}

func (s onceRead) PasswordHash(ctx context.Context, userID string) (string, error) {
	k, err := s.known(ctx, userID)
	if err != nil {
		return "", err
	}
	if k.profile.PasswordHash == "" {
		return "", authn.ErrNotFound
	}
	return k.profile.PasswordHash, nil
}

func (s onceRead) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return s.changed(ctx, a.UserID, s.Store.AddEmail(ctx, a, exclusive))
}

func (s onceRead) VerifyEmail(ctx context.Context, userID, email string) (bool, error) {
	if k, err := s.known(ctx, userID); err != nil {
		return false, err
	} else if slices.ContainsFunc(k.emails, func(e account.EmailAddress) bool { return e.Email == email && e.Verified }) {
		return false, nil
	}
	won, err := s.Store.VerifyEmail(ctx, userID, email)
	return won, s.changed(ctx, userID, err)
}

func (s onceRead) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return s.changed(ctx, userID, s.Store.SetPrimaryEmail(ctx, userID, email))
}

func (s onceRead) DeleteEmail(ctx context.Context, userID, email string) error {
	return s.changed(ctx, userID, s.Store.DeleteEmail(ctx, userID, email))
}

func (s onceRead) SwapPasswordHash(ctx context.Context, userID, old, replacement string) error {
	return s.changed(ctx, userID, s.Store.SwapPasswordHash(ctx, userID, old, replacement))
}

func (s onceRead) SetPhone(ctx context.Context, p account.Phone, exclusive bool) error {
	return s.changed(ctx, p.UserID, s.Store.SetPhone(ctx, p, exclusive))
}

func (s onceRead) VerifyPhone(ctx context.Context, userID, number string) error {
	return s.changed(ctx, userID, s.Store.VerifyPhone(ctx, userID, number))
}

func (s onceRead) DeletePhone(ctx context.Context, userID string) error {
	return s.changed(ctx, userID, s.Store.DeletePhone(ctx, userID))
}
