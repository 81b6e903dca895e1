package social

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// rekeyBatch is the largest number of accounts that Rekey loads at once.
const rekeyBatch = 100

// findAccount returns the stored account of the candidate: the one under its UID, or
// else the one under an old id or name, which updateAccount then moves. It returns
// authn.ErrNotFound if there is none, and provider.ErrInvalid if the account
// under the UID is that of a user whose name was the same text.
func (s *Service) findAccount(ctx context.Context, c *candidate) (*socialaccount.Account, error) {
	for _, uid := range []string{c.UID, c.oldUID, c.oldName} {
		if uid == "" {
			continue
		}
		a, err := s.store.SocialAccount(ctx, c.Provider, uid)
		switch {
		case errors.Is(err, authn.ErrNotFound):
			continue
		case err != nil:
			return nil, fmt.Errorf("look up account at provider: %w", err)
		case c.owns(a):
			c.storedUID = a.UID
			return a, nil
		case uid == c.UID:
			return nil, fmt.Errorf("the account is stored under the id of another user; move it by RekeySocialAccounts: %w", provider.ErrInvalid)
		}
	}
	return nil, authn.ErrNotFound
}

// owns reports whether a stored account is the candidate's. One under a name is
// only if its profile has the id, as another user may have the name by now.
func (c *candidate) owns(a *socialaccount.Account) bool {
	stored, _ := c.entry.info.StoredUID(a.ExtraData)
	switch a.UID {
	case c.oldUID:
		return true
	case c.UID:
		return stored == c.UID || stored == ""
	}
	return stored == c.UID
}

// moveAccount stores the candidate's account under its UID. It returns errTaken if
// another request has moved or deleted it.
func (s *Service) moveAccount(ctx context.Context, c *candidate, userID string) error {
	a, err := s.store.SocialAccount(ctx, c.Provider, c.storedUID)
	if errors.Is(err, authn.ErrNotFound) || err == nil && (a.UserID != userID || !c.owns(a)) {
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("load account at provider: %w", err)
	}
	err = s.rekey(ctx, a, c.UID)
	if errors.Is(err, authn.ErrNotFound) || errors.Is(err, authn.ErrConflict) {
		return errTaken
	}
	return err
}

// rekey stores an account under another id of its user. Its token, which is
// bound to the id, is encrypted anew; one that cannot be read is dropped.
func (s *Service) rekey(ctx context.Context, a *socialaccount.Account, uid string) error {
	moved := *a
	moved.Token = nil
	if a.Token != nil {
		if token, err := s.openToken(a); err == nil {
			if moved.Token, err = s.sealToken(a.Provider, uid, token); err != nil {
				return err
			}
		}
	}
	if err := s.store.RekeySocialAccount(ctx, moved, uid); err != nil {
		return fmt.Errorf("move account at provider: %w", err)
	}
	return nil
}

// Rekey stores accounts under the id of their user, if they are stored under an
// old one and their profile has it. It returns those whose profile has none, and
// those whose user has another account under that id, without their tokens.
func (s *Service) Rekey(ctx context.Context) ([]socialaccount.Account, error) {
	var left []socialaccount.Account
	for _, e := range s.providers {
		if _, rekeyed := e.info.StoredUID(nil); !rekeyed || e.hidden {
			continue
		}
		stay, err := s.rekeyAll(ctx, e)
		for _, a := range stay {
			a.Token = nil
			left = append(left, a)
		}
		if err != nil {
			return left, err
		}
	}
	return left, nil
}

// rekeyAll moves the accounts at one provider, and returns those that it cannot
// move.
func (s *Service) rekeyAll(ctx context.Context, e *entry) (left []socialaccount.Account, err error) {
	after := ""
	for more := true; more; {
		batch, err := s.store.SocialAccountsByProvider(ctx, e.info.ID, after, rekeyBatch)
		if err != nil {
			return left, fmt.Errorf("load accounts at provider %q: %w", e.info.ID, err)
		}
		for _, a := range batch {
			after = a.UID
		}
		stay, err := s.rekeyEach(ctx, e, batch)
		left = append(left, stay...)
		if err != nil {
			return left, err
		}
		more = len(batch) == rekeyBatch
	}
	// The id of an account may have been the name of one that was moved after it.
	for before := len(left) + 1; len(left) < before; {
		before = len(left)
		if left, err = s.rekeyEach(ctx, e, left); err != nil {
			return left, err
		}
	}
	return left, nil
}

// rekeyEach moves accounts to the ids in their profiles, and returns those that
// have none, or whose id another account has.
func (s *Service) rekeyEach(ctx context.Context, e *entry, accounts []socialaccount.Account) (left []socialaccount.Account, err error) {
	for i, a := range accounts {
		uid, _ := e.info.StoredUID(a.ExtraData)
		switch uid {
		case a.UID:
			continue
		case "":
			left = append(left, a)
			continue
		}
		switch err := s.rekey(ctx, &a, uid); {
		case err == nil || errors.Is(err, authn.ErrNotFound): // ErrNotFound: deleted or moved meanwhile
		case errors.Is(err, authn.ErrConflict):
			left = append(left, a)
		default:
			return append(left, accounts[i:]...), err
		}
	}
	return left, nil
}
