package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
)

// SocialAccounts checks a socialaccount.Store.
func SocialAccounts(t *testing.T, open func(t *testing.T) socialaccount.Store) {
	t.Helper()
	run(t, open, socialChecks)
}

var socialChecks = []check[socialaccount.Store]{
	{"accounts are returned as they were stored, in order", socialStored},
	{"a missing account is ErrNotFound", socialMissing},
	{"an account at a provider belongs to one user", socialTaken},
	{"one of many users gets an account", socialRace},
	{"accounts of a provider are listed in order", socialListed},
	{"an account is moved to another id, which no account has", socialRekeyed},
	{"one of many accounts is moved to an id", socialRekeyRace},
	{"an update changes profile and time only", socialUpdated},
	{"a token swap needs the stored token", socialToken},
	{"one of many token swaps wins", socialTokenRace},
	{"an account is deleted once, by its user", socialDeleted},
	{"returned accounts are copies", socialCopies},
	{"a cancelled context leaves nothing behind", socialCancelled},
}

func newSocial(k *kit, user string) socialaccount.Account {
	return socialaccount.Account{
		UserID: user, Provider: "Provider", UID: k.id(), ExtraData: []byte(`{"name":"Ä"}`), Token: []byte("token\x00\xff"),
		CreatedAt: k.now(0), LastLogin: k.now(time.Second),
	}
}

func storedSocial(k *kit, s socialaccount.Store, user string) socialaccount.Account {
	k.Helper()
	a := newSocial(k, user)
	k.ok("CreateSocialAccount", s.CreateSocialAccount(k.Context(), a))
	return a
}

// social reports an error unless the stored account is the wanted one.
func (k *kit) social(s socialaccount.Store, call string, want socialaccount.Account, contract string) {
	k.Helper()
	got, err := s.SocialAccount(k.Context(), want.Provider, want.UID)
	k.ok("SocialAccount of a stored row", err)
	k.same("SocialAccount "+call, utcSocial(*got), want, contract)
}

func utcSocial(a socialaccount.Account) socialaccount.Account {
	a.CreatedAt, a.LastLogin = a.CreatedAt.UTC(), a.LastLogin.UTC()
	return a
}

func socialStored(k *kit, s socialaccount.Store) {
	user := k.user(s)
	first, second := storedSocial(k, s, user), newSocial(k, user)
	second.Token = nil
	k.ok("CreateSocialAccount without a token", s.CreateSocialAccount(k.Context(), second))
	storedSocial(k, s, k.user(s))
	k.social(s, "", first, "it returns what was stored, times to the microsecond")
	k.social(s, "without a token", second, "nil: no token is kept")
	list, err := s.SocialAccountsByUser(k.Context(), user)
	k.ok("SocialAccountsByUser", err)
	for i := range list {
		list[i] = utcSocial(list[i])
	}
	k.same("SocialAccountsByUser", list, []socialaccount.Account{first, second}, "it returns the user's accounts in the order in which they were created")
}

func socialMissing(k *kit, s socialaccount.Store) {
	a := storedSocial(k, s, k.user(s))
	other := a
	other.UserID = k.user(s)
	k.fails("UpdateSocialAccount of another user's account", s.UpdateSocialAccount(k.Context(), other), authn.ErrNotFound, "the account with a's UserID, Provider and UID, or ErrNotFound")
	k.fails("DeleteSocialAccount of another user's account", s.DeleteSocialAccount(k.Context(), other.UserID, a.Provider, a.UID), authn.ErrNotFound, "ErrNotFound if there is none")
	for _, key := range [][2]string{{a.Provider, k.id()}, {swapCase(a.Provider), a.UID}, {a.Provider, swapCase(a.UID)}, {a.Provider, a.UID + " "}, {"", ""}, {a.Provider, "a\x00b"}} {
		missing := a
		missing.Provider, missing.UID = key[0], key[1]
		const contract = "Provider and UID are compared exactly, including case; ErrNotFound if there is no such account"
		_, err := s.SocialAccount(k.Context(), key[0], key[1])
		k.fails("SocialAccount of an account that does not exist", err, authn.ErrNotFound, contract)
		k.fails("UpdateSocialAccount of an account that does not exist", s.UpdateSocialAccount(k.Context(), missing), authn.ErrNotFound, contract)
		k.fails("SwapSocialToken of an account that does not exist", s.SwapSocialToken(k.Context(), key[0], key[1], nil, []byte("t")), authn.ErrNotFound, contract)
		k.fails("DeleteSocialAccount of an account that does not exist", s.DeleteSocialAccount(k.Context(), a.UserID, key[0], key[1]), authn.ErrNotFound, contract)
	}
	k.social(s, "after refused calls", a, "a refused call changes nothing")
	list, err := s.SocialAccountsByUser(k.Context(), other.UserID)
	k.ok("SocialAccountsByUser", err)
	k.same("SocialAccountsByUser of a user without accounts", len(list), 0, "it returns the user's accounts")
}

func socialTaken(k *kit, s socialaccount.Store) {
	a := storedSocial(k, s, k.user(s))
	const contract = "ErrConflict if any user has an account with its Provider and UID"
	k.fails("CreateSocialAccount a second time", s.CreateSocialAccount(k.Context(), a), authn.ErrConflict, contract)
	other := a
	other.UserID = k.user(s)
	k.fails("CreateSocialAccount of another user's account", s.CreateSocialAccount(k.Context(), other), authn.ErrConflict, contract)
	k.social(s, "after refused calls", a, "a refused call changes nothing")
	for _, change := range []func(*socialaccount.Account){
		func(a *socialaccount.Account) { a.Provider = swapCase(a.Provider) },
		func(a *socialaccount.Account) { a.UID = swapCase(a.UID) },
	} {
		differs := other
		change(&differs)
		k.ok("CreateSocialAccount of an account that differs in case", s.CreateSocialAccount(k.Context(), differs))
	}
}

func socialRace(k *kit, s socialaccount.Store) {
	template, users := newSocial(k, ""), make([]string, callers)
	for i := range users {
		users[i] = k.user(s)
	}
	k.oneWinner("CreateSocialAccount", authn.ErrConflict, "of any number of concurrent calls one succeeds", func(i int) error {
		a := template
		a.UserID = users[i]
		return s.CreateSocialAccount(k.Context(), a)
	})
}

func socialListed(k *kit, s socialaccount.Store) {
	provider, user := k.id(), k.user(s)
	a, b, c := newSocial(k, user), newSocial(k, k.user(s)), newSocial(k, user)
	a.Provider, b.Provider, c.Provider = provider, provider, provider
	a.UID, b.UID, c.UID = "B", "a", "ä"
	other := newSocial(k, user)
	other.Provider = provider + "x"
	for _, stored := range []socialaccount.Account{c, b, other, a} {
		k.ok("CreateSocialAccount", s.CreateSocialAccount(k.Context(), stored))
	}
	const contract = "it returns at most limit accounts of the provider whose UID is greater than after, ordered as bytes"
	for _, test := range []struct {
		after string
		limit int
		want  []socialaccount.Account
	}{
		{"", 10, []socialaccount.Account{a, b, c}},
		{"", 2, []socialaccount.Account{a, b}},
		{"B", 2, []socialaccount.Account{b, c}},
		{"C", 1, []socialaccount.Account{b}},
		{"ä", 10, nil},
	} {
		got, err := s.SocialAccountsByProvider(k.Context(), provider, test.after, test.limit)
		k.ok("SocialAccountsByProvider", err)
		k.same("SocialAccountsByProvider", len(got), len(test.want), contract)
		for i := range got {
			k.same("SocialAccountsByProvider", utcSocial(got[i]), test.want[i], contract)
		}
	}
}

func socialRekeyed(k *kit, s socialaccount.Store) {
	a, other := storedSocial(k, s, k.user(s)), storedSocial(k, s, k.user(s))
	moved := a
	moved.Token, moved.ExtraData, moved.LastLogin = []byte("sealed anew"), []byte("{}"), k.now(time.Hour)
	k.fails("RekeySocialAccount to the id of another account", s.RekeySocialAccount(k.Context(), moved, other.UID), authn.ErrConflict, "ErrConflict if any user has an account with Provider and uid")
	foreign := moved
	foreign.UserID = other.UserID
	k.fails("RekeySocialAccount of another user's account", s.RekeySocialAccount(k.Context(), foreign, k.id()), authn.ErrNotFound, "the account with a's UserID, Provider and UID, or ErrNotFound")
	k.social(s, "after refused calls", a, "a refused call changes nothing")

	uid := k.id()
	for range 2 { // also to the id that it has
		k.ok("RekeySocialAccount", s.RekeySocialAccount(k.Context(), moved, uid))
		old := a
		a.UID, a.Token, moved.UID = uid, moved.Token, uid
		k.social(s, "after RekeySocialAccount", a, "it stores uid and Token, nothing else")
		if old.UID != uid {
			_, err := s.SocialAccount(k.Context(), old.Provider, old.UID)
			k.fails("SocialAccount of the old id", err, authn.ErrNotFound, "the account has the UID uid")
			k.fails("RekeySocialAccount of the old id", s.RekeySocialAccount(k.Context(), old, k.id()), authn.ErrNotFound, "ErrNotFound if there is no such account")
		}
	}
	k.social(s, "of another user", other, "others stay")
}

func socialRekeyRace(k *kit, s socialaccount.Store) {
	uid, accounts := k.id(), make([]socialaccount.Account, callers)
	for i := range accounts {
		accounts[i] = storedSocial(k, s, k.user(s))
	}
	k.oneWinner("RekeySocialAccount", authn.ErrConflict, "of any number of concurrent calls one succeeds", func(i int) error {
		return s.RekeySocialAccount(k.Context(), accounts[i], uid)
	})
}

func socialUpdated(k *kit, s socialaccount.Store) {
	a := storedSocial(k, s, k.user(s))
	changed := a
	changed.ExtraData, changed.LastLogin, changed.Token, changed.CreatedAt = []byte(`{}`), k.now(time.Hour), []byte("x"), k.now(time.Minute)
	for range 2 {
		k.ok("UpdateSocialAccount", s.UpdateSocialAccount(k.Context(), changed))
	}
	a.ExtraData, a.LastLogin = changed.ExtraData, changed.LastLogin
	k.social(s, "after UpdateSocialAccount", a, "it stores ExtraData and LastLogin, nothing else")
}

func socialToken(k *kit, s socialaccount.Store) {
	a := storedSocial(k, s, k.user(s))
	const contract = "it replaces the token old; ErrConflict if another token is stored"
	for _, old := range [][]byte{nil, []byte("wrong")} {
		k.fails("SwapSocialToken with another old token", s.SwapSocialToken(k.Context(), a.Provider, a.UID, old, []byte("new")), authn.ErrConflict, contract)
	}
	k.ok("SwapSocialToken to the same token", s.SwapSocialToken(k.Context(), a.Provider, a.UID, a.Token, a.Token))
	k.ok("SwapSocialToken", s.SwapSocialToken(k.Context(), a.Provider, a.UID, a.Token, nil))
	a.Token = nil
	k.social(s, "after SwapSocialToken to none", a, contract)
	k.ok("SwapSocialToken from none", s.SwapSocialToken(k.Context(), a.Provider, a.UID, nil, []byte("new")))
	a.Token = []byte("new")
	k.social(s, "after SwapSocialToken", a, contract)
}

func socialTokenRace(k *kit, s socialaccount.Store) {
	a := storedSocial(k, s, k.user(s))
	k.oneWinner("SwapSocialToken", authn.ErrConflict, "ErrConflict if another token is stored", func(i int) error {
		return s.SwapSocialToken(k.Context(), a.Provider, a.UID, a.Token, []byte{byte(i), 'n'})
	})
}

func socialDeleted(k *kit, s socialaccount.Store) {
	user := k.user(s)
	a, other := storedSocial(k, s, user), storedSocial(k, s, user)
	k.oneWinner("DeleteSocialAccount", authn.ErrNotFound, "of several concurrent calls one succeeds", func(int) error {
		return s.DeleteSocialAccount(k.Context(), user, a.Provider, a.UID)
	})
	_, err := s.SocialAccount(k.Context(), a.Provider, a.UID)
	k.fails("SocialAccount after DeleteSocialAccount", err, authn.ErrNotFound, "the account is deleted")
	k.social(s, "of the user's other account", other, "others stay")
	a.UserID = k.user(s)
	k.ok("CreateSocialAccount of a deleted account", s.CreateSocialAccount(k.Context(), a))
}

func socialCopies(k *kit, s socialaccount.Store) {
	a := storedSocial(k, s, k.user(s))
	want := a
	want.ExtraData, want.Token = append([]byte{}, a.ExtraData...), append([]byte{}, a.Token...)
	a.ExtraData[0], a.Token[0] = 'X', 'X'
	k.social(s, "after the caller changed what it stored", want, "the store keeps copies")
	got, err := s.SocialAccount(k.Context(), a.Provider, a.UID)
	k.ok("SocialAccount", err)
	got.ExtraData[0], got.Token[0] = 'X', 'X'
	k.social(s, "after the caller changed what it got", want, "returned values are copies")
}

func socialCancelled(k *kit, s socialaccount.Store) {
	a := storedSocial(k, s, k.user(s))
	fresh := newSocial(k, a.UserID)
	k.cancelled("CreateSocialAccount", func(ctx context.Context) error { return s.CreateSocialAccount(ctx, fresh) })
	k.cancelled("UpdateSocialAccount", func(ctx context.Context) error {
		changed := a
		changed.ExtraData = []byte("{}")
		return s.UpdateSocialAccount(ctx, changed)
	})
	k.cancelled("RekeySocialAccount", func(ctx context.Context) error { return s.RekeySocialAccount(ctx, a, fresh.UID) })
	k.cancelled("SwapSocialToken", func(ctx context.Context) error { return s.SwapSocialToken(ctx, a.Provider, a.UID, a.Token, nil) })
	k.cancelled("DeleteSocialAccount", func(ctx context.Context) error { return s.DeleteSocialAccount(ctx, a.UserID, a.Provider, a.UID) })
	k.social(s, "after cancelled calls", a, "a cancelled context leaves nothing behind")
	_, err := s.SocialAccount(k.Context(), fresh.Provider, fresh.UID)
	k.fails("SocialAccount after a cancelled CreateSocialAccount", err, authn.ErrNotFound, "a cancelled context leaves nothing behind")
}
