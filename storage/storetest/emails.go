package storetest

import (
	"context"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// Emails checks an account.EmailStore.
func Emails(t *testing.T, open func(t *testing.T) account.EmailStore) {
	t.Helper()
	run(t, open, emailChecks)
}

var emailChecks = []check[account.EmailStore]{
	{"addresses are returned in the order they were added", emailStored},
	{"a missing address is ErrNotFound, or an empty list", emailMissing},
	{"a user has an address once", emailTwice},
	{"addresses are compared exactly", emailExact},
	{"an unverified address may belong to several users", emailShared},
	{"an exclusive address belongs to one user", emailExclusive},
	{"a verified address belongs to one user", emailVerified},
	{"verifying an address ends the claims of others", emailClaims},
	{"one of many exclusive calls wins", emailExclusiveRace},
	{"one of many users verifies an address", emailVerifyRace},
	{"one of many calls verifies a user's address", emailVerifyOnce},
	{"there is one primary address", emailPrimary},
	{"an address is deleted once", emailDeleted},
	{"a cancelled context leaves nothing behind", emailCancelled},
}

func newEmail(k *kit, user string) account.EmailAddress {
	return account.EmailAddress{UserID: user, Email: strings.ToLower(k.id()) + "@example.com", CreatedAt: k.now(0)}
}

func (k *kit) addEmail(s account.EmailStore, a account.EmailAddress, exclusive bool) account.EmailAddress {
	k.Helper()
	k.ok("AddEmail", s.AddEmail(k.Context(), a, exclusive))
	return a
}

func (k *kit) emails(s account.EmailStore, user string) []account.EmailAddress {
	k.Helper()
	list, err := s.EmailsByUser(k.Context(), user)
	k.ok("EmailsByUser", err)
	return utcEmails(list)
}

func (k *kit) owners(s account.EmailStore, email string) []account.EmailAddress {
	k.Helper()
	list, err := s.EmailsByAddress(k.Context(), email)
	k.ok("EmailsByAddress", err)
	return utcEmails(list)
}

// utcEmails returns the rows as they were added.
func utcEmails(list []account.EmailAddress) []account.EmailAddress {
	for i := range list {
		list[i].OwnerUnverified = false // see profileOfOwners
		list[i].CreatedAt = list[i].CreatedAt.UTC()
	}
	return list
}

func emailStored(k *kit, s account.EmailStore) {
	user := k.user(s)
	var want []account.EmailAddress
	for _, name := range []string{"z", "a", "m"} {
		a := newEmail(k, user)
		a.Email = name + a.Email
		a.Verified, a.Primary = name == "a", name == "z"
		want = append(want, k.addEmail(s, a, false))
	}
	k.addEmail(s, newEmail(k, k.user(s)), false)
	k.same("EmailsByUser", k.emails(s, user), want, "it returns the user's addresses in the order they were added, times to the microsecond")
	k.same("EmailsByAddress", k.owners(s, want[1].Email), want[1:2], "it returns the rows of every user who has the address")
}

func emailMissing(k *kit, s account.EmailStore) {
	user, other := k.user(s), k.addEmail(s, newEmail(k, k.user(s)), false)
	k.same("EmailsByUser of a user without addresses", len(k.emails(s, user)), 0, "it returns the user's addresses")
	for _, email := range []string{"unknown@example.com", "", "a\x00b@example.com"} {
		k.same("EmailsByAddress of an address that no user has", len(k.owners(s, email)), 0, "it returns the rows of every user who has it")
	}
	for _, email := range []string{other.Email, "unknown@example.com", ""} {
		const contract = "ErrNotFound if the user has no such address"
		_, err := s.VerifyEmail(k.Context(), user, email)
		k.fails("VerifyEmail of an address that the user does not have", err, authn.ErrNotFound, contract)
		k.fails("SetPrimaryEmail of an address that the user does not have", s.SetPrimaryEmail(k.Context(), user, email), authn.ErrNotFound, contract)
		k.fails("DeleteEmail of an address that the user does not have", s.DeleteEmail(k.Context(), user, email), authn.ErrNotFound, contract)
	}
	k.same("EmailsByAddress after refused calls", k.owners(s, other.Email), []account.EmailAddress{other}, "another user's row is untouched")
}

func emailTwice(k *kit, s account.EmailStore) {
	a := k.addEmail(s, newEmail(k, k.user(s)), false)
	for _, exclusive := range []bool{false, true} {
		for _, verified := range []bool{false, true} {
			again := a
			again.Verified = verified
			k.fails("AddEmail of an address that the user has", s.AddEmail(k.Context(), again, exclusive), authn.ErrConflict, "ErrConflict if the user already has that address")
		}
	}
	k.same("EmailsByUser after refused calls", k.emails(s, a.UserID), []account.EmailAddress{a}, "a refused call changes nothing")
}

func emailExact(k *kit, s account.EmailStore) {
	a := k.addEmail(s, newEmail(k, k.user(s)), true)
	for _, email := range []string{swapCase(a.Email), a.Email + " "} {
		k.same("EmailsByAddress of an address that differs in case or a trailing space", len(k.owners(s, email)), 0, "addresses are in canonical form and compared exactly")
	}
}

func emailShared(k *kit, s account.EmailStore) {
	first := k.addEmail(s, newEmail(k, k.user(s)), false)
	second, third := first, first
	second.UserID, third.UserID, third.Verified = k.user(s), k.user(s), true
	k.addEmail(s, second, false)
	k.addEmail(s, third, false)
	k.same("EmailsByAddress", k.owners(s, first.Email), []account.EmailAddress{third, first, second}, "the verified row first, then in the order they were added")
}

func emailExclusive(k *kit, s account.EmailStore) {
	first := k.addEmail(s, newEmail(k, k.user(s)), true)
	second := first
	second.UserID = k.user(s)
	k.fails("AddEmail, exclusively, of an address that another user added exclusively", s.AddEmail(k.Context(), second, true), authn.ErrConflict,
		"ErrConflict if another user has added the address exclusively")
	k.addEmail(s, second, false)
	k.ok("DeleteEmail", s.DeleteEmail(k.Context(), first.UserID, first.Email))
	third := first
	third.UserID = k.user(s)
	k.ok("AddEmail, exclusively, of an address that others have added but neither verified nor claimed", s.AddEmail(k.Context(), third, true))
	k.same("EmailsByAddress", k.owners(s, first.Email), []account.EmailAddress{second, third}, "it returns every row, in the order they were added")
}

func emailVerified(k *kit, s account.EmailStore) {
	first := k.addEmail(s, newEmail(k, k.user(s)), false)
	won, err := s.VerifyEmail(k.Context(), first.UserID, first.Email)
	k.ok("VerifyEmail", err)
	k.same("VerifyEmail", won, true, "it reports whether the address was unverified before")
	won, err = s.VerifyEmail(k.Context(), first.UserID, first.Email)
	k.ok("VerifyEmail a second time", err)
	k.same("VerifyEmail a second time", won, false, "false if it was verified before")
	first.Verified = true
	second, verified := first, first
	second.UserID, second.Verified = k.user(s), false
	verified.UserID = k.user(s)
	k.fails("AddEmail, exclusively, of an address that another user verified", s.AddEmail(k.Context(), second, true), authn.ErrConflict, "ErrConflict if another user has verified the address")
	k.fails("AddEmail, verified, of an address that another user verified", s.AddEmail(k.Context(), verified, false), authn.ErrConflict, "ErrConflict if another user has verified the address")
	k.addEmail(s, second, false)
	_, err = s.VerifyEmail(k.Context(), second.UserID, second.Email)
	k.fails("VerifyEmail of an address that another user verified", err, authn.ErrConflict, "ErrConflict if another user has verified it")
	k.same("EmailsByAddress", k.owners(s, first.Email), []account.EmailAddress{first, second}, "refused calls change nothing, and the verified row comes first")
}

func emailClaims(k *kit, s account.EmailStore) {
	claimed := k.addEmail(s, newEmail(k, k.user(s)), true)
	verified := claimed
	verified.UserID, verified.Verified = k.user(s), true
	k.ok("AddEmail, verified, of an address that another user only claimed", s.AddEmail(k.Context(), verified, false))
	_, err := s.VerifyEmail(k.Context(), claimed.UserID, claimed.Email)
	k.fails("VerifyEmail of an address that another user verified", err, authn.ErrConflict, "ErrConflict if another user has verified it")

	claimed = k.addEmail(s, newEmail(k, k.user(s)), true)
	second := claimed
	second.UserID = k.user(s)
	k.addEmail(s, second, false)
	won, err := s.VerifyEmail(k.Context(), second.UserID, second.Email)
	k.ok("VerifyEmail of an address that another user only claimed", err)
	k.same("VerifyEmail of an address that another user only claimed", won, true, "verifying an address ends the claims of others")
	k.ok("DeleteEmail", s.DeleteEmail(k.Context(), second.UserID, second.Email))
	third := claimed
	third.UserID = k.user(s)
	k.ok("AddEmail, exclusively, after the user who verified the address deleted it", s.AddEmail(k.Context(), third, true))
}

func emailExclusiveRace(k *kit, s account.EmailStore) {
	template, users := newEmail(k, ""), make([]string, callers)
	for i := range users {
		users[i] = k.user(s)
	}
	k.oneWinner("AddEmail, exclusively,", authn.ErrConflict, "of any number of concurrent exclusive calls for one address exactly one succeeds", func(i int) error {
		a := template
		a.UserID = users[i]
		return s.AddEmail(k.Context(), a, true)
	})
	k.same("number of rows", len(k.owners(s, template.Email)), 1, "refused calls store nothing")
}

func emailVerifyRace(k *kit, s account.EmailStore) {
	template, users := newEmail(k, ""), make([]string, callers)
	for i := range users {
		users[i] = k.user(s)
		a := template
		a.UserID = users[i]
		k.addEmail(s, a, i == 0)
	}
	k.oneWinner("VerifyEmail by different users", authn.ErrConflict, "a verified address belongs to one user", func(i int) error {
		_, err := s.VerifyEmail(k.Context(), users[i], template.Email)
		return err
	})
}

func emailVerifyOnce(k *kit, s account.EmailStore) {
	a := k.addEmail(s, newEmail(k, k.user(s)), false)
	won := make([]bool, callers)
	for _, err := range k.race(func(i int) (err error) {
		won[i], err = s.VerifyEmail(k.Context(), a.UserID, a.Email)
		return err
	}) {
		k.ok("VerifyEmail, called many times at once", err)
	}
	n := 0
	for _, w := range won {
		if w {
			n++
		}
	}
	k.same("number of VerifyEmail calls that returned true", n, 1, "it reports whether the address was unverified before")
}

func emailPrimary(k *kit, s account.EmailStore) {
	user := k.user(s)
	first, second := newEmail(k, user), newEmail(k, user)
	first.Primary = true
	k.addEmail(s, first, false)
	k.addEmail(s, second, false)
	other := newEmail(k, k.user(s))
	other.Primary = true
	k.addEmail(s, other, false)
	for range 2 {
		k.ok("SetPrimaryEmail", s.SetPrimaryEmail(k.Context(), user, second.Email))
	}
	first.Primary, second.Primary = false, true
	k.same("EmailsByUser after SetPrimaryEmail", k.emails(s, user), []account.EmailAddress{first, second}, "the address is the user's only primary one")
	k.same("EmailsByUser of another user after SetPrimaryEmail", k.emails(s, other.UserID), []account.EmailAddress{other}, "another user's rows are untouched")
	for _, err := range k.race(func(i int) error {
		return s.SetPrimaryEmail(k.Context(), user, []string{first.Email, second.Email}[i%2])
	}) {
		k.ok("SetPrimaryEmail, called many times at once", err)
	}
	n := 0
	for _, a := range k.emails(s, user) {
		if a.Primary {
			n++
		}
	}
	k.same("number of primary addresses after many SetPrimaryEmail at once", n, 1, "the address is the user's only primary one")
}

func emailDeleted(k *kit, s account.EmailStore) {
	a := k.addEmail(s, newEmail(k, k.user(s)), true)
	other := a
	other.UserID = k.user(s)
	k.addEmail(s, other, false)
	k.oneWinner("DeleteEmail", authn.ErrNotFound, "of several concurrent calls one succeeds", func(int) error {
		return s.DeleteEmail(k.Context(), a.UserID, a.Email)
	})
	k.same("EmailsByAddress after DeleteEmail", k.owners(s, a.Email), []account.EmailAddress{other}, "the user's row is deleted, another user's is untouched")
	k.addEmail(s, a, true)
}

func emailCancelled(k *kit, s account.EmailStore) {
	a := k.addEmail(s, newEmail(k, k.user(s)), false)
	fresh := newEmail(k, a.UserID)
	k.cancelled("AddEmail", func(ctx context.Context) error { return s.AddEmail(ctx, fresh, false) })
	k.cancelled("AddEmail, exclusively,", func(ctx context.Context) error { return s.AddEmail(ctx, fresh, true) })
	k.cancelled("EmailsByUser", func(ctx context.Context) error {
		_, err := s.EmailsByUser(ctx, a.UserID)
		return err
	})
	k.cancelled("EmailsByAddress", func(ctx context.Context) error {
		_, err := s.EmailsByAddress(ctx, a.Email)
		return err
	})
	k.cancelled("VerifyEmail", func(ctx context.Context) error {
		_, err := s.VerifyEmail(ctx, a.UserID, a.Email)
		return err
	})
	k.cancelled("SetPrimaryEmail", func(ctx context.Context) error { return s.SetPrimaryEmail(ctx, a.UserID, a.Email) })
	k.cancelled("DeleteEmail", func(ctx context.Context) error { return s.DeleteEmail(ctx, a.UserID, a.Email) })
	k.same("EmailsByUser after cancelled calls", k.emails(s, a.UserID), []account.EmailAddress{a}, "a cancelled context leaves nothing behind")
}
