package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// Passwords checks an account.PasswordStore.
func Passwords(t *testing.T, open func(t *testing.T) account.PasswordStore) {
	t.Helper()
	run(t, open, passwordChecks)
}

var passwordChecks = []check[account.PasswordStore]{
	{"a stored hash is returned", passwordStored},
	{"no password is ErrNotFound", passwordMissing},
	{"a swap needs the stored hash", passwordSwap},
	{"hashes are compared exactly", passwordExact},
	{"one of many swaps wins", passwordRace},
	{"one of many first passwords wins", passwordFirstRace},
	{"another user's hash is untouched", passwordOthers},
	{"the next hash is found in byte order", passwordNext},
	{"a cancelled context leaves nothing behind", passwordCancelled},
}

const swapContract = "the new hash is stored if the stored one equals old (empty: there is none); ErrConflict otherwise"

// setPassword stores the first password of a user.
func setPassword(k *kit, s account.PasswordStore, user, hash string) {
	k.Helper()
	k.ok("SwapPasswordHash of a user without a password", s.SwapPasswordHash(k.Context(), user, "", hash))
}

func (k *kit) hash(s account.PasswordStore, user string) string {
	k.Helper()
	hash, err := s.PasswordHash(k.Context(), user)
	k.ok("PasswordHash of a stored row", err)
	return hash
}

func passwordStored(k *kit, s account.PasswordStore) {
	user := k.user(s)
	for old, hash := range map[string]string{"": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$a2V5"} {
		k.ok("SwapPasswordHash", s.SwapPasswordHash(k.Context(), user, old, hash))
		k.same("PasswordHash", k.hash(s, user), hash, "it returns the stored hash")
		k.ok("SwapPasswordHash to the same hash", s.SwapPasswordHash(k.Context(), user, hash, hash))
		k.same("PasswordHash", k.hash(s, user), hash, "it returns the stored hash")
	}
}

func passwordMissing(k *kit, s account.PasswordStore) {
	_, err := s.PasswordHash(k.Context(), k.user(s))
	k.fails("PasswordHash of a user without a password", err, authn.ErrNotFound, "ErrNotFound if the user has no password")
	k.fails("SwapPasswordHash of a hash that is not stored", s.SwapPasswordHash(k.Context(), k.user(s), "old", "new"), authn.ErrConflict, swapContract)
}

func passwordSwap(k *kit, s account.PasswordStore) {
	user := k.user(s)
	setPassword(k, s, user, "first")
	k.fails("SwapPasswordHash with an empty old hash where there is one", s.SwapPasswordHash(k.Context(), user, "", "second"), authn.ErrConflict, swapContract)
	k.fails("SwapPasswordHash with another old hash", s.SwapPasswordHash(k.Context(), user, "other", "second"), authn.ErrConflict, swapContract)
	k.same("PasswordHash after refused swaps", k.hash(s, user), "first", swapContract)
	k.ok("SwapPasswordHash", s.SwapPasswordHash(k.Context(), user, "first", "second"))
	k.same("PasswordHash", k.hash(s, user), "second", swapContract)
	k.fails("SwapPasswordHash with the hash before", s.SwapPasswordHash(k.Context(), user, "first", "third"), authn.ErrConflict, swapContract)
}

func passwordExact(k *kit, s account.PasswordStore) {
	user := k.user(s)
	setPassword(k, s, user, "Hash")
	for _, old := range []string{"hash", "HASH", "Hash "} {
		k.fails("SwapPasswordHash with an old hash that differs in case or a trailing space", s.SwapPasswordHash(k.Context(), user, old, "new"), authn.ErrConflict, swapContract)
	}
}

func passwordRace(k *kit, s account.PasswordStore) {
	user := k.user(s)
	setPassword(k, s, user, "first")
	k.oneWinner("SwapPasswordHash", authn.ErrConflict, swapContract, func(i int) error {
		return s.SwapPasswordHash(k.Context(), user, "first", fmt.Sprint("new", i))
	})
}

func passwordFirstRace(k *kit, s account.PasswordStore) {
	user := k.user(s)
	k.oneWinner("SwapPasswordHash of a user without a password", authn.ErrConflict, swapContract, func(i int) error {
		return s.SwapPasswordHash(k.Context(), user, "", fmt.Sprint("new", i))
	})
}

func passwordOthers(k *kit, s account.PasswordStore) {
	first, second := k.user(s), k.user(s)
	setPassword(k, s, first, "same")
	setPassword(k, s, second, "same")
	k.ok("SwapPasswordHash", s.SwapPasswordHash(k.Context(), first, "same", "new"))
	k.same("PasswordHash of another user", k.hash(s, second), "same", "a call changes the given user only")
}

func passwordNext(k *kit, s account.PasswordStore) {
	const contract = "the smallest stored hash of any user, compared byte by byte, that is not less than from, or ErrNotFound"
	start := k.id() + "$"
	user := k.user(s)
	setPassword(k, s, user, start+"b$1")
	for _, rest := range []string{"B", "b", "d", "é", "b-2"} {
		setPassword(k, s, k.user(s), start+rest)
	}
	k.ok("SwapPasswordHash", s.SwapPasswordHash(k.Context(), user, start+"b$1", start+"b$2"))
	for from, want := range map[string]string{
		"": "B", "B": "B", "B!": "b", "C": "b", "b!": "b$2", "b%": "b-2", "b$3": "b-2", "b.": "d", "e": "é",
	} {
		hash, err := s.NextPasswordHash(k.Context(), start+from)
		k.ok("NextPasswordHash", err)
		k.same("NextPasswordHash", hash, start+want, contract)
	}
	_, err := s.NextPasswordHash(k.Context(), "\U0010FFFF")
	k.fails("NextPasswordHash after all that are stored", err, authn.ErrNotFound, contract)
}

func passwordCancelled(k *kit, s account.PasswordStore) {
	user := k.user(s)
	setPassword(k, s, user, "first")
	k.cancelled("SwapPasswordHash", func(ctx context.Context) error { return s.SwapPasswordHash(ctx, user, "first", "second") })
	k.same("PasswordHash after a cancelled SwapPasswordHash", k.hash(s, user), "first", "a cancelled context leaves nothing behind")
	k.cancelled("PasswordHash", func(ctx context.Context) error {
		_, err := s.PasswordHash(ctx, user)
		return err
	})
	k.cancelled("NextPasswordHash", func(ctx context.Context) error {
		_, err := s.NextPasswordHash(ctx, "first")
		return err
	})
}
