package storetest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/authn"
)

// Users checks an authn.UserStore. If it is also an authn.Transactor, it is
// called in transactions, as the library does.
func Users(t *testing.T, open func(t *testing.T) authn.UserStore) {
	t.Helper()
	run(t, open, userChecks)
}

var userChecks = []check[authn.UserStore]{
	{"created users are found", userCreated},
	{"extra fields are kept or left out, never changed", userExtra},
	{"Display may be any text", userDisplay},
	{"a missing user is ErrNotFound", userMissing},
	{"every user has an id of its own", userIDs},
	{"returned users are copies", userCopies},
	{"a cancelled context leaves nothing behind", userCancelled},
}

// createUser creates a user as the library does, in a transaction.
func createUser(k *kit, ctx context.Context, s authn.UserStore, u authn.NewUser) (user *authn.User, err error) {
	create := func(ctx context.Context) error {
		user, err = s.CreateUser(ctx, u)
		return err
	}
	if tx, ok := s.(authn.Transactor); ok {
		return user, tx.InTx(ctx, create)
	}
	return user, create(ctx)
}

func newUser(k *kit) authn.NewUser {
	name := k.id()
	return authn.NewUser{Username: name, Email: swapCase(name) + "@users.example", Display: "Ann  \"Ä\" O'Neil \\"}
}

func userCreated(k *kit, s authn.UserStore) {
	fields := newUser(k)
	created, err := createUser(k, k.Context(), s, fields)
	k.ok("CreateUser", err)
	if created == nil || created.ID == "" {
		k.Fatalf("CreateUser returned no id; the contract: it returns the user with its ID")
	}
	found, err := s.UserByID(k.Context(), created.ID)
	k.ok("UserByID", err)
	if found.ID != created.ID || found.Disabled {
		k.Errorf("UserByID(%q) returned id %q, disabled %v; the contract: the user that was created", created.ID, found.ID, found.Disabled)
	}
	for _, u := range []*authn.User{created, found} {
		if u.Username != "" && u.Username != fields.Username {
			k.Errorf("the username %q came back as %q; the contract: as typed", fields.Username, u.Username)
		}
	}
}

func userExtra(k *kit, s authn.UserStore) {
	fields := newUser(k)
	fields.Extra = map[string]json.RawMessage{"height": json.RawMessage(`1.80`), "town": json.RawMessage(`"Zürich"`)}
	created, err := createUser(k, k.Context(), s, fields)
	k.ok("CreateUser", err)
	found, err := s.UserByID(k.Context(), created.ID)
	k.ok("UserByID", err)
	for name, value := range found.Extra {
		if string(value) != string(fields.Extra[name]) {
			k.Errorf("UserByID returned the extra field %s as %s instead of %s; the contract: as it was stored", name, value, fields.Extra[name])
		}
	}
}

func userDisplay(k *kit, s authn.UserStore) {
	for _, display := range []string{"", "a\x00b", "a\xffb", strings.Repeat("Ä", 5000)} {
		fields := newUser(k)
		fields.Display = display
		_, err := createUser(k, k.Context(), s, fields)
		k.ok("CreateUser with a display name of a third party", err)
	}
}

func userMissing(k *kit, s authn.UserStore) {
	for _, id := range []string{"1", "-1", "no-such-user", "", "1; --", "99999999999999999999999", "a\x00b", "00000000-0000-4000-8000-000000000000"} {
		_, err := s.UserByID(k.Context(), id)
		k.fails("UserByID of an id that does not exist", err, authn.ErrNotFound, "it returns the user, or ErrNotFound")
	}
}

func userIDs(k *kit, s authn.UserStore) {
	ids := make([]string, callers)
	for _, err := range k.race(func(i int) error {
		user, err := createUser(k, k.Context(), s, newUser(k))
		if err == nil {
			ids[i] = user.ID
		}
		return err
	}) {
		k.ok("CreateUser from several goroutines", err)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			k.Errorf("CreateUser gave the id %q twice; the contract: an id is never reused", id)
		}
		seen[id] = true
	}
}

func userCopies(k *kit, s authn.UserStore) {
	fields := newUser(k)
	fields.Extra = map[string]json.RawMessage{"town": json.RawMessage(`"Rome"`)}
	created, err := createUser(k, k.Context(), s, fields)
	k.ok("CreateUser", err)
	before, err := s.UserByID(k.Context(), created.ID)
	k.ok("UserByID", err)
	want := before.Username
	before.Username = "changed"
	before.Disabled = true
	delete(before.Extra, "town")
	created.Username = "changed"
	after, err := s.UserByID(k.Context(), created.ID)
	k.ok("UserByID", err)
	if after.Username != want || after.Disabled {
		k.Errorf("a change of a returned user changed the stored one; the contract: returned values are copies")
	}
}

func userCancelled(k *kit, s authn.UserStore) {
	k.cancelled("CreateUser", func(ctx context.Context) error {
		_, err := createUser(k, ctx, s, newUser(k))
		return err
	})
	k.cancelled("UserByID", func(ctx context.Context) error {
		_, err := s.UserByID(ctx, "1")
		return err
	})
}
