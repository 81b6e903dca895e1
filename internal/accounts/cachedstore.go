package accounts

import (
	"context"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
)

// cachedStore reads an account by one statement, once per request or transaction.
type cachedStore struct {
	account.Store
	// decoy is the id with which decoys are looked up, which have no user id.
	decoy string
}

// cachedDecoys is the store of decoys, which is read like that of users.
type cachedDecoys struct {
	authn.UserStore
	cachedStore
}

// UserByID implements authn.UserStore.
func (s cachedDecoys) UserByID(ctx context.Context, _ string) (*authn.User, error) {
	_, err := s.read(ctx, "")
	if err != nil {
		return nil, err
	}
	return nil, authn.ErrNotFound
}

// accountData is a whole account.
type accountData struct {
	profile *authn.Profile
	emails  []account.EmailAddress
	phone   *account.Phone
}

// accountKey is the key under which work remembers an account.
type accountKey struct {
	userID string
	decoy  bool
}

func (s cachedStore) key(userID string) accountKey { return accountKey{userID, s.decoy != ""} }

// read returns the account, which must not be changed.
func (s cachedStore) read(ctx context.Context, userID string) (*accountData, error) {
	return work.Remember(ctx, s.key(userID), func(ctx context.Context) (*accountData, error) {
		id := userID
		if id == "" {
			id = s.decoy
		}
		profile, emails, phone, err := s.Store.Profile(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("load user: %w", err)
		}
		return &accountData{profile, emails, phone}, nil
	})
}

// noteCreated remembers the account that the transaction of ctx has just created. No
// other request sees it before the commit, so it need not be read.
func (s *Service) noteCreated(ctx context.Context, user *authn.User, hash string, emails []account.EmailAddress, phone *account.Phone) {
	profile := &authn.Profile{User: user, PasswordHash: hash, Email: shownEmail(emails)}
	work.Note(ctx, accountKey{user.ID, false}, &accountData{profile, emails, phone})
}

// noteDecoy remembers a decoy in place of an account that was read and is not used, so
// that the decoy is not read again, like the account.
func noteDecoy(ctx context.Context) {
	work.Note(ctx, accountKey{"", true}, &accountData{profile: &authn.Profile{}})
}

// changed makes the next call read the account again, after a change, and returns err.
func (s cachedStore) changed(ctx context.Context, userID string, err error) error {
	work.Forget(ctx, s.key(userID))
	return err
}

func (s cachedStore) Profile(ctx context.Context, userID string) (*authn.Profile, []account.EmailAddress, *account.Phone, error) {
	k, err := s.read(ctx, userID)
	if err != nil {
		return nil, nil, nil, err
	}
	return k.profile, slices.Clone(k.emails), k.phone, nil
}

func (s cachedStore) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	k, err := s.read(ctx, userID)
	if err != nil {
		return nil, err
	}
	return slices.Clone(k.emails), nil
}

func (s cachedStore) PhoneByUser(ctx context.Context, userID string) (*account.Phone, error) {
	k, err := s.read(ctx, userID)
	if err != nil {
		return nil, err
	}
	if k.phone == nil {
		return nil, authn.ErrNotFound
	}
	phone := *k.phone
	return &phone, nil
}

func (s cachedStore) PasswordHash(ctx context.Context, userID string) (string, error) {
	k, err := s.read(ctx, userID)
	if err != nil {
		return "", err
	}
	if k.profile.PasswordHash == "" {
		return "", authn.ErrNotFound
	}
	return k.profile.PasswordHash, nil
}

func (s cachedStore) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return s.changed(ctx, a.UserID, s.Store.AddEmail(ctx, a, exclusive))
}

func (s cachedStore) VerifyEmail(ctx context.Context, userID, email string) (bool, error) {
	k, err := s.read(ctx, userID)
	if err != nil {
		return false, err
	}
	if e, _ := findEmail(k.emails, email); e.Verified {
		return false, nil
	}
	won, err := s.Store.VerifyEmail(ctx, userID, email)
	return won, s.changed(ctx, userID, err)
}

func (s cachedStore) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return s.changed(ctx, userID, s.Store.SetPrimaryEmail(ctx, userID, email))
}

func (s cachedStore) DeleteEmail(ctx context.Context, userID, email string) error {
	return s.changed(ctx, userID, s.Store.DeleteEmail(ctx, userID, email))
}

func (s cachedStore) SwapPasswordHash(ctx context.Context, userID, old, replacement string) error {
	return s.changed(ctx, userID, s.Store.SwapPasswordHash(ctx, userID, old, replacement))
}

func (s cachedStore) SetPhone(ctx context.Context, p account.Phone, exclusive bool) error {
	return s.changed(ctx, p.UserID, s.Store.SetPhone(ctx, p, exclusive))
}

func (s cachedStore) VerifyPhone(ctx context.Context, userID, number string) error {
	return s.changed(ctx, userID, s.Store.VerifyPhone(ctx, userID, number))
}

func (s cachedStore) DeletePhone(ctx context.Context, userID string) error {
	return s.changed(ctx, userID, s.Store.DeletePhone(ctx, userID))
}
