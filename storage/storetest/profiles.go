package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
)

// Profiles checks that the profiles of a store agree with its parts. It skips a
// store whose ProfileOrigin is another store, as its profiles are not used.
func Profiles(t *testing.T, open func(t *testing.T) storage.Store) {
	t.Helper()
	run(t, open, profileChecks)
}

var profileChecks = []check[storage.Store]{
	{"a session comes with the profile of its user", profileOfSession},
	{"a profile agrees with the parts", profileOfParts},
	{"a new user is returned as it is stored", profileOfNewUser},
	{"addresses and numbers tell whether their users have verified a contact", profileOfOwners},
	{"a profile sees what its transaction wrote", profileInTransaction},
	{"a missing user has an empty profile", profileMissing},
}

// addresses are those of a user, and the one in the profile.
type addresses struct {
	list  []account.EmailAddress
	shown string
}

func profileOfParts(k *kit, s storage.Store) {
	if s.ProfileOrigin() != any(s) {
		return
	}
	for _, withPassword := range []bool{false, true} {
		for name, a := range map[string]func(base string) addresses{
			"no address":            func(string) addresses { return addresses{} },
			"an unverified address": func(b string) addresses { return addresses{[]account.EmailAddress{{Email: "a" + b}}, ""} },
			"an unverified primary": func(b string) addresses {
				return addresses{[]account.EmailAddress{{Email: "a" + b}, {Email: "b" + b, Primary: true}}, "b" + b}
			},
			"the second one verified": func(b string) addresses {
				return addresses{[]account.EmailAddress{{Email: "a" + b}, {Email: "b" + b, Verified: true}, {Email: "c" + b, Verified: true}}, "b" + b}
			},
			"a primary and others": func(b string) addresses {
				return addresses{[]account.EmailAddress{{Email: "a" + b, Verified: true}, {Email: "b" + b, Verified: true, Primary: true}, {Email: "c" + b}}, "b" + b}
			},
		} {
			user, err := createUser(k, k.Context(), s, newUser(k))
			k.ok("CreateUser", err)
			want := authn.Profile{}
			if withPassword {
				setPassword(k, s, user.ID, "hash of "+user.ID)
				want.PasswordHash = "hash of " + user.ID
				k.ok("SetPhone", s.SetPhone(k.Context(), newPhone(user.ID), false))
			}
			added := a("@" + k.id() + ".example")
			for _, address := range added.list {
				address.UserID = user.ID
				k.ok("AddEmail", s.AddEmail(k.Context(), address, false))
			}
			want.Email = added.shown
			want.User, err = s.UserByID(k.Context(), user.ID)
			k.ok("UserByID", err)
			got, emails, phone, err := s.Profile(k.Context(), user.ID)
			k.ok("Profile", err)
			got.Sessions = max(got.Sessions, 0) // a store need not count them
			wantEmails, err := s.EmailsByUser(k.Context(), user.ID)
			k.ok("EmailsByUser", err)
			wantPhone, err := s.PhoneByUser(k.Context(), user.ID)
			if err != nil && !errors.Is(err, authn.ErrNotFound) {
				k.ok("PhoneByUser", err)
			}
			if len(emails)+len(wantEmails) > 0 && !reflect.DeepEqual(emails, wantEmails) || !reflect.DeepEqual(phone, wantPhone) {
				k.Errorf("%s: Profile returned the contacts %+v and %+v, want %+v and %+v; the contract: it returns what EmailsByUser and PhoneByUser return", name, emails, phone, wantEmails, wantPhone)
			}
			if !reflect.DeepEqual(*got, want) {
				k.Errorf("%s, password %v: Profile returned %+v, want %+v; the contract: it agrees with UserByID, PasswordHash and EmailsByUser", name, withPassword, *got, want)
			}
			rows, err := s.SessionsByTokens(k.Context(), storedSession(k, s, func(r *sessions.Row) { r.UserID = user.ID }).TokenHash)
			k.ok("SessionsByTokens", err)
			if len(rows) != 1 || rows[0].Profile != nil && rows[0].Profile.Email != added.shown {
				k.Errorf("%s, password %v: SessionsByTokens returned %+v, want one row, whose profile shows %q", name, withPassword, rows, added.shown)
			}
		}
	}
}

func profileOfSession(k *kit, s storage.Store) {
	if s.ProfileOrigin() != any(s) {
		return
	}
	user, err := createUser(k, k.Context(), s, newUser(k))
	k.ok("CreateUser", err)
	setPassword(k, s, user.ID, "hash")
	k.ok("AddEmail", s.AddEmail(k.Context(), account.EmailAddress{UserID: user.ID, Email: k.id() + "@example.org", Primary: true}, false))
	for _, id := range []string{user.ID, "0" + user.ID, user.ID + "x", "not a number", ""} {
		row := storedSession(k, s, func(r *sessions.Row) { r.UserID = id })
		rows, err := s.SessionsByTokens(k.Context(), row.TokenHash)
		k.ok("SessionsByTokens", err)
		if len(rows) != 1 || rows[0].Profile == nil {
			continue // the library asks for it
		}
		want, _, _, err := s.Profile(k.Context(), id)
		k.ok("Profile", err)
		if id != user.ID {
			want = &authn.Profile{}
		}
		if id == user.ID && want.Sessions >= 0 && want.Sessions != 1 {
			k.Errorf("Profile counted %d sessions of a user with one", want.Sessions)
		}
		want.Sessions = rows[0].Profile.Sessions // not counted
		if !reflect.DeepEqual(rows[0].Profile, want) || id == "" {
			k.Errorf("SessionsByTokens of user %q returned the profile %+v, want %+v; the contract: what Profile returns", id, *rows[0].Profile, *want)
		}
	}
}

func profileOfNewUser(k *kit, s storage.Store) {
	if s.ProfileOrigin() != any(s) {
		return
	}
	for _, display := range []string{"", "Ann", "a\x00b\xff"} {
		for _, extra := range []map[string]json.RawMessage{nil, {}, {"town": json.RawMessage(` "Zürich" `), "height": json.RawMessage(`1.80`)}} {
			u := newUser(k)
			u.Display, u.Extra = display, extra
			created, err := createUser(k, k.Context(), s, u)
			k.ok("CreateUser", err)
			stored, err := s.UserByID(k.Context(), created.ID)
			k.ok("UserByID", err)
			if !reflect.DeepEqual(created, stored) {
				k.Errorf("CreateUser returned %+v, and UserByID %+v; the contract: a store with profiles returns the user as UserByID does", *created, *stored)
			}
		}
	}
}

func profileOfOwners(k *kit, s storage.Store) {
	if s.ProfileOrigin() != any(s) {
		return
	}
	email, number := newEmail(k, "").Email, newPhone("").Number
	unverified := map[string]bool{} // by the ids of users
	// Each user has the address, which is unverified. Some have another one, some the
	// number as well.
	for _, u := range []struct{ number, otherEmail, verified bool }{
		{}, {number: true}, {number: true, otherEmail: true}, {number: true, otherEmail: true, verified: true}, {otherEmail: true, verified: true},
	} {
		user := k.user(s)
		unverified[user] = !u.verified
		k.addEmail(s, account.EmailAddress{UserID: user, Email: email, CreatedAt: k.now(0)}, false)
		if u.otherEmail {
			other := newEmail(k, user)
			other.Verified = u.verified
			k.addEmail(s, other, false)
		}
		if u.number {
			k.setPhone(s, account.Phone{UserID: user, Number: number}, false)
		}
	}
	for _, verified := range []bool{false, true} { // another number
		user := k.user(s)
		unverified[user] = !verified
		k.addEmail(s, account.EmailAddress{UserID: user, Email: email, CreatedAt: k.now(0)}, false)
		phone := newPhone(user)
		phone.Verified = verified
		k.setPhone(s, phone, false)
	}
	emails, err := s.EmailsByAddress(k.Context(), email)
	k.ok("EmailsByAddress", err)
	phones, err := s.PhonesByNumber(k.Context(), number)
	k.ok("PhonesByNumber", err)
	k.same("EmailsByAddress", len(emails), len(unverified), "it returns the rows of every user who has the address")
	k.same("PhonesByNumber", len(phones), 3, "it returns the rows of every user who has the number")
	const contract = "OwnerUnverified is set if the user has verified no email address and no phone number"
	for _, e := range emails {
		k.same("EmailsByAddress, OwnerUnverified", e.OwnerUnverified, unverified[e.UserID], contract)
	}
	for _, p := range phones {
		k.same("PhonesByNumber, OwnerUnverified", p.OwnerUnverified, unverified[p.UserID], contract)
	}
	owner := account.EmailAddress{UserID: k.user(s), Email: email, Verified: true, CreatedAt: k.now(0)}
	k.addEmail(s, owner, false)
	emails, err = s.EmailsByAddress(k.Context(), email)
	k.ok("EmailsByAddress", err)
	k.same("EmailsByAddress of a verified address, OwnerUnverified", emails[0].OwnerUnverified, false, contract)
	k.setPhone(s, account.Phone{UserID: owner.UserID, Number: number, Verified: true}, false)
	phones, err = s.PhonesByNumber(k.Context(), number)
	k.ok("PhonesByNumber", err)
	k.same("PhonesByNumber of a verified number, OwnerUnverified", phones[0].OwnerUnverified, false, contract)
}

func profileInTransaction(k *kit, s storage.Store) {
	if s.ProfileOrigin() != any(s) {
		return
	}
	user, err := createUser(k, k.Context(), s, newUser(k))
	k.ok("CreateUser", err)
	k.ok("InTx", s.InTx(k.Context(), func(ctx context.Context) error {
		if err := s.SwapPasswordHash(ctx, user.ID, "", "hash"); err != nil {
			return err
		}
		profile, _, _, err := s.Profile(ctx, user.ID)
		if err == nil && profile.PasswordHash != "hash" {
			k.Errorf("Profile inside a transaction returned the hash %q; the contract: it takes part in the transaction", profile.PasswordHash)
		}
		return err
	}))
}

func profileMissing(k *kit, s storage.Store) {
	if s.ProfileOrigin() != any(s) {
		return
	}
	for _, id := range []string{"", "0", "not a number", "9007199254740990", "x\x00", "\xff"} {
		got, _, _, err := s.Profile(k.Context(), id)
		k.ok("Profile of a missing user", err)
		got.Sessions = max(got.Sessions, 0) // a store need not count them
		if !reflect.DeepEqual(*got, authn.Profile{}) {
			k.Errorf("Profile(%q) returned %+v; the contract: an empty one for a user who does not exist", id, *got)
		}
	}
}
