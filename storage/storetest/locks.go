package storetest

import (
	"context"
	"strconv"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage"
)

const lockContract = "a transaction that locks a user reads what earlier holders of the lock committed"

var lockChecks = []check[storage.Store]{
	{"of many that lock a user and count rows one wins", lockCounts},
	{"of rows that exclude each other one kind is there", lockExcludes},
	{"a lock ends with its transaction", lockEnds},
	{"an id that no user can have is locked", lockOddIDs},
}

// lockCounts lets many transactions add an address unless there is one.
func lockCounts(k *kit, s storage.Store) {
	user := k.user(s)
	k.oneWinner("LockUser, EmailsByUser and AddEmail in InTx", authn.ErrConflict, lockContract, func(int) error {
		a := newEmail(k, user)
		return s.InTx(k.Context(), func(ctx context.Context) error {
			if err := s.LockUser(ctx, user); err != nil {
				return err
			}
			list, err := s.EmailsByUser(ctx, user)
			if err != nil {
				return err
			}
			if len(list) > 0 {
				return authn.ErrConflict
			}
			return s.AddEmail(ctx, a, false)
		})
	})
	k.same("number of addresses", len(k.emails(s, user)), 1, lockContract)
}

// lockExcludes lets many transactions add an address unless there is an
// authenticator, and an authenticator unless there is an address.
func lockExcludes(k *kit, s storage.Store) {
	user := k.user(s)
	for _, err := range k.race(func(i int) error {
		a, claim := newEmail(k, user), k.id()
		return s.InTx(k.Context(), func(ctx context.Context) error {
			if err := s.LockUser(ctx, user); err != nil {
				return err
			}
			emails, err := s.EmailsByUser(ctx, user)
			if err != nil {
				return err
			}
			authenticators, err := s.AuthenticatorsByUser(ctx, user)
			switch {
			case err != nil:
				return err
			case i%2 == 0 && len(authenticators) == 0:
				return s.AddEmail(ctx, a, false)
			case i%2 == 1 && len(emails) == 0:
				_, err = s.CreateAuthenticator(ctx, mfa.Authenticator{UserID: user, Type: mfa.TOTP, Claim: claim, Data: []byte("d"), CreatedAt: k.now(0)})
			}
			return err
		})
	}) {
		k.ok("a transaction that locks the user", err)
	}
	authenticators, err := s.AuthenticatorsByUser(k.Context(), user)
	k.ok("AuthenticatorsByUser", err)
	emails := k.emails(s, user)
	if (len(emails) > 0) == (len(authenticators) > 0) {
		k.Errorf("there are %d addresses and %d authenticators; the contract: %s, so one kind excludes the other", len(emails), len(authenticators), lockContract)
	}
}

func lockEnds(k *kit, s storage.Store) {
	user := k.user(s)
	if s.LockUser(k.Context(), user) == nil {
		k.Errorf("LockUser outside of InTx returned nil; the contract: an error")
	}
	k.cancelled("LockUser", func(context.Context) error {
		return s.InTx(k.Context(), func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return s.LockUser(ctx, user)
		})
	})
	for _, result := range []error{errStopped, nil, nil} {
		err := s.InTx(k.Context(), func(ctx context.Context) error {
			for _, id := range []string{user, user, k.id()} {
				k.ok("LockUser of a user, of the same one again, and of one who does not exist", s.LockUser(ctx, id))
			}
			return result
		})
		k.same("error of InTx", err, result, "f's error is returned as it is")
		k.ok("ForgetUser", s.ForgetUser(k.Context(), user)) // the next transaction creates the lock again
	}
}

// lockOddIDs locks ids that administrators may mistype.
func lockOddIDs(k *kit, s storage.Store) {
	for _, id := range []string{"", "a\x00b", "a\xffb", strings.Repeat("x", 5000)} {
		k.ok("LockUser of "+strconv.Quote(id[:min(len(id), 9)]), s.InTx(k.Context(), func(ctx context.Context) error { return s.LockUser(ctx, id) }))
	}
}
