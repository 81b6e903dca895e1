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

// A flow for an account that does not exist, or that belongs to another user, is a decoy:
// it gives the same answer and does the same work as for a real account, so that neither
// the answer nor its time shows whether there is an account. Decoys have no user id.
// Their rows are looked up, written and rolled back in the tables of this library, never
// in those of the host. No hook is called and no event is published for them, and their
// messages are not sent.

// Rows is the store of users and accounts. That of decoys is the library's, without the
// parts that a host keeps elsewhere.
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

// decoyUserID returns the id of a user who does not exist. It differs for each subject, so
// that decoys do not wait for the lock of the same row.
func (s *Service) decoyUserID(subject string) string {
	mac := s.deps.Keys.MAC("decoy user", []byte(subject))
	const bits = 53 // as for real ids, which are all lower
	return strconv.FormatUint(1<<bits|binary.BigEndian.Uint64(mac)>>(64-bits), 10)
}

// identifyDecoy does the work of Identify for a user who does not exist, and returns
// authn.ErrNotFound.
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
	if _, err := s.emailsOf(ctx, ""); err != nil {
		return err
	}
	return authn.ErrNotFound
}

// lookUpDecoy looks up a user who does not exist, as a real one is looked up.
func (s *Service) lookUpDecoy(ctx context.Context) error {
	_, err := s.decoys.UserByID(ctx, s.decoyUserID(""))
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("load user: %w", err)
	}
	return nil
}

// sendNothing takes the place of a decoy's first code. The owner of the contact gets
// another message.
func sendNothing(context.Context) error { return nil }
