package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/users"
)

// Directory checks the directory of a store. Each check needs an empty store. It skips
// a store without a directory.
func Directory(t *testing.T, open func(t *testing.T) storage.Store) {
	t.Helper()
	if open(t).Directory() == nil {
		t.Skip("the store has no directory")
	}
	run(t, open, directoryChecks)
}

var directoryChecks = []check[storage.Store]{
	{"every user is listed on one page", directoryPages},
	{"users are found by the beginning of a name or an address", directoryPrefix},
	{"users are found by the beginning of a number", directoryPhones},
	{"a user with several texts that match is listed once", directoryOnce},
	{"disabled users are told apart", directoryDisabled},
	{"a cursor of another list is refused", directoryCursor},
	{"a user gets the id that was chosen", directoryIDs},
	{"one of many users with one id is created", directoryIDRace},
	{"an updated user is found as it was stored", directoryUpdate},
	{"a released username is free", directoryRelease},
	{"a cancelled context leaves nothing behind", directoryCancelled},
}

// listed returns all users whom the filter selects, page by page.
func (k *kit) listed(s storage.Store, f users.Filter, between func()) []string {
	k.Helper()
	var all []string
	for f.Limit = 2; ; {
		ids, next, err := s.Directory().ListUsers(k.Context(), f)
		k.ok("ListUsers", err)
		if len(ids) > f.Limit || next != "" && len(ids) == 0 {
			k.Fatalf("ListUsers with limit %d returned %d users, and the cursor %q; the contract: at most limit, and a cursor only if more follow", f.Limit, len(ids), next)
		}
		all = append(all, ids...)
		if f.Cursor = next; next == "" {
			return all
		}
		if between != nil {
			between()
		}
	}
}

// sameUsers reports an error if a list has other users, or one of them twice.
func (k *kit) sameUsers(call string, got []string, want ...string) {
	k.Helper()
	got, want = slices.Clone(got), slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		k.Errorf("%s listed the users %v, want %v; the contract: each user whom the filter selects, once", call, got, want)
	}
}

func directoryPages(k *kit, s storage.Store) {
	k.sameUsers("ListUsers of an empty store", k.listed(s, users.Filter{}, nil))
	var want []string
	for range 5 {
		want = append(want, k.user(s))
	}
	k.sameUsers("ListUsers", k.listed(s, users.Filter{}, nil), want...)
	got := k.listed(s, users.Filter{}, func() { k.user(s) })
	for _, id := range want {
		if n := len(slices.DeleteFunc(slices.Clone(got), func(other string) bool { return other != id })); n != 1 {
			k.Errorf("ListUsers listed a user %d times while others were created; the contract: once", n)
		}
	}
}

// called returns a user with that username and those addresses.
func (k *kit) called(s storage.Store, name string, emails ...string) string {
	k.Helper()
	id := k.user(s)
	if name != "" {
		k.ok("ClaimUsername", s.ClaimUsername(k.Context(), id, name))
	}
	for _, email := range emails {
		k.ok("AddEmail", s.AddEmail(k.Context(), account.EmailAddress{UserID: id, Email: email, CreatedAt: k.now(0)}, false))
	}
	return id
}

func directoryPrefix(k *kit, s storage.Store) {
	ann := k.called(s, "ann", "ann@example.org")
	anna := k.called(s, "anna-ß", "x@example.org")
	byMail := k.called(s, "zoe", "anton@example.org")
	both := k.called(s, "bob", "ann@example.org")
	k.called(s, "an", "am@example.org")
	k.called(s, "ao")
	for prefix, want := range map[string][]string{
		"ann": {ann, anna, both}, "ant": {byMail}, "anna-ß": {anna}, "ann@example.org": {ann, both}, "annb": nil, "x@": {anna}, "%": nil, "a_n": nil, "a\x00": nil,
	} {
		got := k.listed(s, users.Filter{Prefix: prefix}, nil)
		k.sameUsers("ListUsers with the prefix "+prefix, got, want...)
	}
}

func directoryPhones(k *kit, s storage.Store) {
	var want []string
	for _, number := range []string{"+31612345678", "+31612345679", "+31612345670"} {
		id := k.user(s)
		k.ok("SetPhone", s.SetPhone(k.Context(), account.Phone{UserID: id, Number: number}, false))
		want = append(want, id)
	}
	k.called(s, "+31x")
	k.sameUsers("ListUsers with a prefix of a number", k.listed(s, users.Filter{Prefix: "+316"}, nil), want...)
	k.sameUsers("ListUsers with a whole number", k.listed(s, users.Filter{Prefix: "+31612345670"}, nil), want[2])
}

func directoryOnce(k *kit, s storage.Store) {
	want := []string{
		k.called(s, "ann", "ann1@example.org", "ann2@example.org", "ann3@example.org"),
		k.called(s, "anne", "ann4@example.org"),
		k.called(s, "ann0@example.org", "ann0@example.org"),
		k.called(s, "", "ann9@example.org", "ann5@example.org"),
	}
	k.sameUsers("ListUsers", k.listed(s, users.Filter{Prefix: "ann"}, nil), want...)
}

func directoryDisabled(k *kit, s storage.Store) {
	on, off := k.called(s, "ann"), k.called(s, "anna")
	user, err := s.UserByID(k.Context(), off)
	k.ok("UserByID", err)
	user.Disabled = true
	k.ok("UpdateUser", s.Directory().UpdateUser(k.Context(), *user))
	for disabled, want := range map[bool]string{true: off, false: on} {
		k.sameUsers("ListUsers with Disabled", k.listed(s, users.Filter{Disabled: &disabled}, nil), want)
		k.sameUsers("ListUsers with Disabled and a prefix", k.listed(s, users.Filter{Disabled: &disabled, Prefix: "an"}, nil), want)
	}
}

func directoryCursor(k *kit, s storage.Store) {
	for range 3 {
		k.user(s)
	}
	_, next, err := s.Directory().ListUsers(k.Context(), users.Filter{Limit: 1})
	k.ok("ListUsers", err)
	for _, f := range []users.Filter{{Limit: 1, Cursor: "no cursor"}, {Limit: 1, Cursor: "e3"}, {Limit: 1, Cursor: next, Prefix: "a"}} {
		_, _, err = s.Directory().ListUsers(k.Context(), f)
		k.fails("ListUsers with a cursor that it has not returned", err, users.ErrInvalidCursor, "ErrInvalidCursor")
	}
}

// createAs creates a user with that id as the library does, in a transaction.
func createAs(k *kit, ctx context.Context, s storage.Store, id string, u authn.NewUser) (user *authn.User, err error) {
	return user, s.InTx(ctx, func(ctx context.Context) error {
		user, err = s.Directory().CreateUserAs(ctx, id, u)
		return err
	})
}

func directoryIDs(k *kit, s storage.Store) {
	fields := newUser(k)
	const chosen = "4711"
	_, err := createAs(k, k.Context(), s, chosen, fields)
	if errors.Is(err, users.ErrInvalidID) {
		return // the store has ids of another kind
	}
	k.ok("CreateUserAs", err)
	found, err := s.UserByID(k.Context(), chosen)
	k.ok("UserByID", err)
	k.same("id of a user whose id was chosen", found.ID, chosen, "the user has that id")
	_, err = createAs(k, k.Context(), s, chosen, newUser(k))
	k.fails("CreateUserAs with an id that exists", err, authn.ErrConflict, "ErrConflict")
	for _, id := range []string{"", "a\x00", strings.Repeat("9", 400)} {
		_, err = createAs(k, k.Context(), s, id, newUser(k))
		k.fails("CreateUserAs with an impossible id", err, users.ErrInvalidID, "ErrInvalidID")
	}
}

func directoryIDRace(k *kit, s storage.Store) {
	if _, err := createAs(k, k.Context(), s, "4710", newUser(k)); errors.Is(err, users.ErrInvalidID) {
		return
	}
	k.oneWinner("CreateUserAs", authn.ErrConflict, "an id belongs to one user", func(int) error {
		_, err := createAs(k, k.Context(), s, "4711", newUser(k))
		return err
	})
}

func directoryUpdate(k *kit, s storage.Store) {
	id, other := k.user(s), k.user(s)
	before, err := s.UserByID(k.Context(), other)
	k.ok("UserByID", err)
	for _, changed := range []authn.User{
		{ID: id, Username: "Ann", Display: "Ann \"Ä\"", Disabled: true, Extra: map[string]json.RawMessage{"town": json.RawMessage(`"Rome"`)}},
		{ID: id}, {ID: id},
	} {
		k.ok("UpdateUser", s.Directory().UpdateUser(k.Context(), changed))
		got, err := s.UserByID(k.Context(), id)
		k.ok("UserByID", err)
		if got.Disabled != changed.Disabled || got.Display != changed.Display || got.Username != "" && got.Username != changed.Username {
			k.Errorf("UserByID after UpdateUser returned %+v, want %+v; the contract: it stores the fields", *got, changed)
		}
	}
	after, err := s.UserByID(k.Context(), other)
	k.ok("UserByID", err)
	k.same("another user after UpdateUser", after, before, "it changes no other user")
	for _, missing := range []string{"1", "no-such-user", "", "a\x00b"} {
		k.fails("UpdateUser of a user who does not exist", s.Directory().UpdateUser(k.Context(), authn.User{ID: missing}), authn.ErrNotFound, "ErrNotFound")
	}
}

func directoryRelease(k *kit, s storage.Store) {
	ann, bob := k.called(s, "ann"), k.called(s, "bob")
	k.ok("ReleaseUsernames", s.Directory().ReleaseUsernames(k.Context(), ann))
	_, err := s.UserIDByUsername(k.Context(), "ann")
	k.fails("UserIDByUsername of a released name", err, authn.ErrNotFound, "the claim ends")
	got, err := s.UserIDByUsername(k.Context(), "bob")
	k.ok("UserIDByUsername", err)
	k.same("UserIDByUsername of another user", got, bob, "other users keep their names")
	k.ok("ReleaseUsernames of a user without a name", s.Directory().ReleaseUsernames(k.Context(), ann))
	k.ok("ClaimUsername of a released name", s.ClaimUsername(k.Context(), bob, "ann"))
}

func directoryCancelled(k *kit, s storage.Store) {
	id := k.called(s, "ann")
	d := s.Directory()
	k.cancelled("ListUsers", func(ctx context.Context) error {
		_, _, err := d.ListUsers(ctx, users.Filter{Limit: 1})
		return err
	})
	k.cancelled("UpdateUser", func(ctx context.Context) error { return d.UpdateUser(ctx, authn.User{ID: id, Disabled: true}) })
	k.cancelled("ReleaseUsernames", func(ctx context.Context) error { return d.ReleaseUsernames(ctx, id) })
	found, err := s.UserByID(k.Context(), id)
	k.ok("UserByID", err)
	k.same("whether the user is disabled", found.Disabled, false, "a cancelled context leaves nothing behind")
	_, err = s.UserIDByUsername(k.Context(), "ann")
	k.ok("UserIDByUsername after a cancelled ReleaseUsernames", err)
}
