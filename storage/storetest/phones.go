package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// Phones checks an account.PhoneStore.
func Phones(t *testing.T, open func(t *testing.T) account.PhoneStore) {
	t.Helper()
	run(t, open, phoneChecks)
}

var phoneChecks = []check[account.PhoneStore]{
	{"a number is returned as it was stored", phoneStored},
	{"a missing number is ErrNotFound, or an empty list", phoneMissing},
	{"a new number takes the place of the old one", phoneReplaced},
	{"an unverified number may belong to several users", phoneShared},
	{"an exclusive number belongs to one user", phoneExclusive},
	{"a verified number belongs to one user", phoneVerified},
	{"a number is deleted", phoneDeleted},
	{"verifying a number ends the claims of others", phoneClaims},
	{"one of many exclusive calls wins", phoneExclusiveRace},
	{"one of many users verifies a number", phoneVerifyRace},
	{"a cancelled context leaves nothing behind", phoneCancelled},
}

func newPhone(user string) account.Phone {
	return account.Phone{UserID: user, Number: fmt.Sprintf("+1555%010d", rand.Int64N(1e10))}
}

func (k *kit) setPhone(s account.PhoneStore, p account.Phone, exclusive bool) account.Phone {
	k.Helper()
	k.ok("SetPhone", s.SetPhone(k.Context(), p, exclusive))
	return p
}

// phone reports an error unless the user has the wanted number.
func (k *kit) phone(s account.PhoneStore, call string, want account.Phone, contract string) {
	k.Helper()
	got, err := s.PhoneByUser(k.Context(), want.UserID)
	k.ok("PhoneByUser of a stored row", err)
	k.same("PhoneByUser "+call, *got, want, contract)
}

func (k *kit) phones(s account.PhoneStore, number string) []account.Phone {
	k.Helper()
	list, err := s.PhonesByNumber(k.Context(), number)
	k.ok("PhonesByNumber", err)
	for i := range list {
		list[i].OwnerUnverified = false // see profileOfOwners
	}
	return list
}

func phoneStored(k *kit, s account.PhoneStore) {
	p := k.setPhone(s, newPhone(k.user(s)), false)
	k.phone(s, "", p, "it returns the user's number")
	k.same("PhonesByNumber", k.phones(s, p.Number), []account.Phone{p}, "it returns the rows of every user who has the number")
	p.Verified = true
	k.setPhone(s, p, false)
	k.setPhone(s, p, true)
	k.phone(s, "after the same number was set as verified", p, "it returns the user's number")
}

func phoneMissing(k *kit, s account.PhoneStore) {
	user, other := k.user(s), k.setPhone(s, newPhone(k.user(s)), false)
	_, err := s.PhoneByUser(k.Context(), user)
	k.fails("PhoneByUser of a user without a number", err, authn.ErrNotFound, "it returns the user's number, or ErrNotFound")
	k.same("PhonesByNumber of a number that no user has", len(k.phones(s, "+100")), 0, "it returns the rows of every user who has the number")
	for _, number := range []string{other.Number, "+100", ""} {
		k.fails("VerifyPhone of a number that the user does not have", s.VerifyPhone(k.Context(), user, number), authn.ErrNotFound, "ErrNotFound if the user does not have that number")
	}
	k.phone(s, "of another user after refused calls", other, "another user's row is untouched")
}

func phoneReplaced(k *kit, s account.PhoneStore) {
	first := newPhone(k.user(s))
	first.Verified = true
	k.setPhone(s, first, true)
	second := k.setPhone(s, newPhone(first.UserID), true)
	k.phone(s, "after a second SetPhone", second, "it is stored in place of the user's earlier number")
	k.same("PhonesByNumber of the former number", len(k.phones(s, first.Number)), 0, "a user has at most one")
	k.fails("VerifyPhone of the former number", s.VerifyPhone(k.Context(), first.UserID, first.Number), authn.ErrNotFound, "ErrNotFound if the user does not have that number")
	first.UserID = k.user(s)
	k.ok("SetPhone, exclusively, of a number that its user replaced", s.SetPhone(k.Context(), first, true))
}

func phoneShared(k *kit, s account.PhoneStore) {
	first := k.setPhone(s, newPhone(k.user(s)), false)
	second := first
	second.UserID = k.user(s)
	k.setPhone(s, second, false)
	k.ok("VerifyPhone", s.VerifyPhone(k.Context(), second.UserID, second.Number))
	second.Verified = true
	k.same("PhonesByNumber", k.phones(s, first.Number), []account.Phone{second, first}, "the verified row first")
}

func phoneExclusive(k *kit, s account.PhoneStore) {
	first := k.setPhone(s, newPhone(k.user(s)), true)
	second := k.setPhone(s, newPhone(k.user(s)), false)
	wanted := second
	wanted.Number = first.Number
	k.fails("SetPhone, exclusively, of a number that another user set exclusively", s.SetPhone(k.Context(), wanted, true), authn.ErrConflict,
		"ErrConflict if another user has set the number exclusively")
	k.phone(s, "after a refused SetPhone", second, "a refused call changes nothing")
	k.setPhone(s, wanted, false)
	k.phone(s, "after SetPhone of a number that another user set", wanted, "an unverified number may belong to several users")
}

func phoneVerified(k *kit, s account.PhoneStore) {
	first := k.setPhone(s, newPhone(k.user(s)), false)
	rival := first
	rival.UserID = k.user(s)
	k.setPhone(s, rival, false)
	for range 2 {
		k.ok("VerifyPhone", s.VerifyPhone(k.Context(), first.UserID, first.Number))
	}
	first.Verified = true
	k.phone(s, "after VerifyPhone", first, "the number is marked as verified")
	const contract = "ErrConflict if another user has verified that number"
	k.fails("VerifyPhone of a number that another user verified", s.VerifyPhone(k.Context(), rival.UserID, rival.Number), authn.ErrConflict, contract)
	old := k.setPhone(s, newPhone(k.user(s)), false)
	for _, exclusive := range []bool{false, true} {
		for _, verified := range []bool{false, true} {
			wanted := account.Phone{UserID: old.UserID, Number: first.Number, Verified: verified}
			k.fails("SetPhone of a number that another user verified", s.SetPhone(k.Context(), wanted, exclusive), authn.ErrConflict, contract)
		}
	}
	k.phone(s, "after refused calls", old, "a refused call changes nothing")
}

func phoneDeleted(k *kit, s account.PhoneStore) {
	p, other := newPhone(k.user(s)), k.setPhone(s, newPhone(k.user(s)), true)
	p.Verified = true
	k.setPhone(s, p, true)
	for range 2 {
		k.ok("DeletePhone", s.DeletePhone(k.Context(), p.UserID))
	}
	_, err := s.PhoneByUser(k.Context(), p.UserID)
	k.fails("PhoneByUser after DeletePhone", err, authn.ErrNotFound, "it deletes the user's number")
	k.same("PhonesByNumber after DeletePhone", len(k.phones(s, p.Number)), 0, "it deletes the user's number")
	k.phone(s, "of another user after DeletePhone", other, "another user's row is untouched")
	p.UserID = k.user(s)
	k.ok("SetPhone, exclusively, of a number that was deleted", s.SetPhone(k.Context(), p, true))
}

func phoneClaims(k *kit, s account.PhoneStore) {
	claimed := k.setPhone(s, newPhone(k.user(s)), true)
	verified := claimed
	verified.UserID, verified.Verified = k.user(s), true
	k.ok("SetPhone, verified, of a number that another user only claimed", s.SetPhone(k.Context(), verified, false))
	k.fails("VerifyPhone of a number that another user verified", s.VerifyPhone(k.Context(), claimed.UserID, claimed.Number), authn.ErrConflict, "ErrConflict if another user has verified it")

	claimed = k.setPhone(s, newPhone(k.user(s)), true)
	second := claimed
	second.UserID = k.user(s)
	k.setPhone(s, second, false)
	k.ok("VerifyPhone of a number that another user only claimed", s.VerifyPhone(k.Context(), second.UserID, second.Number))
}

func phoneExclusiveRace(k *kit, s account.PhoneStore) {
	template, users := newPhone(""), make([]string, callers)
	for i := range users {
		users[i] = k.user(s)
	}
	k.oneWinner("SetPhone, exclusively,", authn.ErrConflict, "of any number of concurrent exclusive calls for one number exactly one succeeds", func(i int) error {
		p := template
		p.UserID = users[i]
		return s.SetPhone(k.Context(), p, true)
	})
}

func phoneVerifyRace(k *kit, s account.PhoneStore) {
	template, users := newPhone(""), make([]string, callers)
	for i := range users {
		users[i] = k.user(s)
		p := template
		p.UserID = users[i]
		k.setPhone(s, p, i == 0)
	}
	k.oneWinner("VerifyPhone by different users", authn.ErrConflict, "a verified number belongs to one user", func(i int) error {
		return s.VerifyPhone(k.Context(), users[i], template.Number)
	})
}

func phoneCancelled(k *kit, s account.PhoneStore) {
	p := k.setPhone(s, newPhone(k.user(s)), false)
	k.cancelled("SetPhone", func(ctx context.Context) error { return s.SetPhone(ctx, newPhone(p.UserID), false) })
	k.cancelled("VerifyPhone", func(ctx context.Context) error { return s.VerifyPhone(ctx, p.UserID, p.Number) })
	k.cancelled("DeletePhone", func(ctx context.Context) error { return s.DeletePhone(ctx, p.UserID) })
	k.cancelled("PhonesByNumber", func(ctx context.Context) error {
		_, err := s.PhonesByNumber(ctx, p.Number)
		return err
	})
	k.cancelled("PhoneByUser", func(ctx context.Context) error {
		got, err := s.PhoneByUser(ctx, p.UserID)
		if err == nil && got == nil {
			return errors.New("no number and no error")
		}
		return err
	})
	k.phone(s, "after cancelled calls", p, "a cancelled context leaves nothing behind")
}
