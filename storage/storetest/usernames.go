package storetest

import (
	"context"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// Usernames checks an account.UsernameStore.
func Usernames(t *testing.T, open func(t *testing.T) account.UsernameStore) {
	t.Helper()
	run(t, open, usernameChecks)
}

var usernameChecks = []check[account.UsernameStore]{
	{"a claimed name finds its user", usernameClaimed},
	{"a missing name is ErrNotFound", usernameMissing},
	{"a taken name is ErrConflict", usernameTaken},
	{"names are compared exactly", usernameExact},
	{"one of many claims wins", usernameRace},
	{"a cancelled context leaves nothing behind", usernameCancelled},
}

func usernameClaimed(k *kit, s account.UsernameStore) {
	user, name := k.user(s), strings.ToLower(k.id())
	k.ok("ClaimUsername", s.ClaimUsername(k.Context(), user, name))
	got, err := s.UserIDByUsername(k.Context(), name)
	k.ok("UserIDByUsername", err)
	k.same("UserIDByUsername", got, user, "it returns the user with that name")
}

func usernameMissing(k *kit, s account.UsernameStore) {
	for _, name := range []string{k.id(), "", "a\x00b", strings.Repeat("x", 5000)} {
		_, err := s.UserIDByUsername(k.Context(), name)
		k.fails("UserIDByUsername of a name that no user has", err, authn.ErrNotFound, "it returns the user, or ErrNotFound")
	}
}

func usernameTaken(k *kit, s account.UsernameStore) {
	first, second, name := k.user(s), k.user(s), strings.ToLower(k.id())
	k.ok("ClaimUsername", s.ClaimUsername(k.Context(), first, name))
	const contract = "ErrConflict if it is taken, also by the same user"
	k.fails("ClaimUsername of another user's name", s.ClaimUsername(k.Context(), second, name), authn.ErrConflict, contract)
	k.fails("ClaimUsername of the user's own name", s.ClaimUsername(k.Context(), first, name), authn.ErrConflict, contract)
	got, err := s.UserIDByUsername(k.Context(), name)
	k.ok("UserIDByUsername", err)
	k.same("UserIDByUsername after refused claims", got, first, "a refused claim changes nothing")
}

func usernameExact(k *kit, s account.UsernameStore) {
	first, second, name := k.user(s), k.user(s), strings.ToLower(k.id())+"-é"
	k.ok("ClaimUsername", s.ClaimUsername(k.Context(), first, name))
	for _, other := range []string{swapCase(name), name + " ", strings.TrimSuffix(name, "é") + "e"} {
		_, err := s.UserIDByUsername(k.Context(), other)
		k.fails("UserIDByUsername of a name that differs in case, accent or a trailing space", err, authn.ErrNotFound, "names are in canonical form and compared exactly")
		k.ok("ClaimUsername of a name that differs in case, accent or a trailing space", s.ClaimUsername(k.Context(), second, other))
	}
}

func usernameRace(k *kit, s account.UsernameStore) {
	name, users := strings.ToLower(k.id()), make([]string, callers)
	for i := range users {
		users[i] = k.user(s)
	}
	k.oneWinner("ClaimUsername", authn.ErrConflict, "a name belongs to one user", func(i int) error {
		return s.ClaimUsername(k.Context(), users[i], name)
	})
}

func usernameCancelled(k *kit, s account.UsernameStore) {
	user, name := k.user(s), strings.ToLower(k.id())
	k.cancelled("ClaimUsername", func(ctx context.Context) error { return s.ClaimUsername(ctx, user, name) })
	_, err := s.UserIDByUsername(k.Context(), name)
	k.fails("UserIDByUsername after a cancelled ClaimUsername", err, authn.ErrNotFound, "a cancelled context leaves nothing behind")
}
