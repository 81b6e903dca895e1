package accounts

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// A flow for an account that does not exist, or that is somebody else's, is a
// decoy: it answers as a real one and does the same work, so that neither the
// answer nor its time tells whether there is an account. Decoys have no user id.
// Their rows are looked up, and written and undone, in the library's own tables:
// never in a part that the host keeps. No hook is called and no event is
// published for them, and their messages are dropped.

// Rows are the store of users and of their accounts. That of decoys is the one of the
// library, without the parts that a host keeps elsewhere.
type Rows interface {
	authn.UserStore
	account.Store
}

// rowsOf returns the store in which the rows of the user are looked up.
func (s *Service) rowsOf(userID string) account.Store {
	if userID == "" {
		return s.decoys
	}
	return s.store
}

// decoyUserID returns the id of a user who does not exist, another one for each
// subject: no row is locked for all decoys.
func (s *Service) decoyUserID(subject string) string {
	mac := s.deps.Keys.MAC("decoy user", []byte(subject))
	const bits = 53 // as the ids of our own users, which are all lower
	return strconv.FormatUint(1<<bits|binary.BigEndian.Uint64(mac)>>(64-bits), 10)
}

// identifyDecoy does the work of Identify for a user who does not exist and
// returns authn.ErrNotFound.
func (s *Service) identifyDecoy(ctx context.Context) error {
	if s.profiles {
		if _, _, _, err := s.decoys.Profile(ctx, ""); err != nil {
			return err
		}
		return authn.ErrNotFound
	}
	if err := s.lookUpDecoy(ctx); err != nil {
		return err
	}
	if _, err := s.passwordHash(ctx, ""); err != nil {
		return err
	}
	if _, err := s.decoys.EmailsByUser(ctx, ""); err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	return authn.ErrNotFound
}

// lookUpDecoy looks for a user who does not exist.
func (s *Service) lookUpDecoy(ctx context.Context) error {
	_, err := s.decoys.UserByID(ctx, s.decoyUserID(""))
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("load user: %w", err)
	}
	return nil
}

// nothing is sent in place of a decoy's first code: the owner of the contact is told
// by another message.
func nothing(context.Context) error { return nil }
