package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
)

// Authenticators checks an mfa.Store.
func Authenticators(t *testing.T, open func(t *testing.T) mfa.Store) {
	t.Helper()
	run(t, open, authenticatorChecks)
}

var authenticatorChecks = []check[mfa.Store]{
	{"authenticators are returned as they were stored, in order", authenticatorsStored},
	{"a missing authenticator is ErrNotFound", authenticatorMissing},
	{"one of many gets a claim", authenticatorRace},
	{"an update needs the stored version", authenticatorUpdated},
	{"one of many updates wins", authenticatorUpdateRace},
	{"an authenticator is deleted once, by its user", authenticatorDeleted},
	{"returned authenticators are copies", authenticatorCopies},
	{"a cancelled context leaves nothing behind", authenticatorCancelled},
}

func newAuthenticator(k *kit, user string) mfa.Authenticator {
	return mfa.Authenticator{
		UserID: user, Type: mfa.WebAuthn, Name: "Schlüssel", Claim: "Claim" + k.id(), Data: []byte("data\x00\xff"), Counter: 1 << 40,
		CreatedAt: k.now(0),
	}
}

func storedAuthenticator(k *kit, s mfa.Store, user string) mfa.Authenticator {
	k.Helper()
	a := newAuthenticator(k, user)
	id, err := s.CreateAuthenticator(k.Context(), a)
	k.ok("CreateAuthenticator", err)
	if id <= 0 {
		k.Fatalf("CreateAuthenticator returned the id %d; the contract: a positive number that is never reused", id)
	}
	a.ID = id
	return a
}

// authenticator reports an error unless the stored row is the wanted one.
func (k *kit) authenticator(s mfa.Store, call string, want mfa.Authenticator, contract string) {
	k.Helper()
	got, err := s.AuthenticatorByClaim(k.Context(), want.Claim)
	k.ok("AuthenticatorByClaim of a stored row", err)
	k.same("AuthenticatorByClaim "+call, utcAuthenticator(*got), want, contract)
}

func utcAuthenticator(a mfa.Authenticator) mfa.Authenticator {
	a.CreatedAt = a.CreatedAt.UTC()
	if !a.LastUsedAt.IsZero() {
		a.LastUsedAt = a.LastUsedAt.UTC()
	}
	return a
}

func authenticatorsStored(k *kit, s mfa.Store) {
	user := k.user(s)
	first, second := storedAuthenticator(k, s, user), storedAuthenticator(k, s, user)
	storedAuthenticator(k, s, k.user(s))
	k.authenticator(s, "", first, "it returns what was stored, times to the microsecond, LastUsedAt zero before the first use")
	list, err := s.AuthenticatorsByUser(k.Context(), user)
	k.ok("AuthenticatorsByUser", err)
	for i := range list {
		list[i] = utcAuthenticator(list[i])
	}
	k.same("AuthenticatorsByUser", list, []mfa.Authenticator{first, second}, "it returns the user's authenticators in the order of their ids")
	list, err = s.AuthenticatorsByUser(k.Context(), k.user(s))
	k.ok("AuthenticatorsByUser", err)
	k.same("AuthenticatorsByUser of a user without any", len(list), 0, "it returns the user's authenticators")
}

func authenticatorMissing(k *kit, s mfa.Store) {
	a := storedAuthenticator(k, s, k.user(s))
	foreign, unknown := a, a
	foreign.UserID = k.user(s)
	unknown.ID += 1 << 30
	for call, missing := range map[string]mfa.Authenticator{"of another user": foreign, "of an unknown id": unknown} {
		k.fails("UpdateAuthenticator "+call, s.UpdateAuthenticator(k.Context(), missing), authn.ErrNotFound, "ErrNotFound if there is no row with a.ID and a.UserID")
		k.fails("DeleteAuthenticator "+call, s.DeleteAuthenticator(k.Context(), missing.UserID, missing.ID), authn.ErrNotFound, "ErrNotFound if the user has none of that id")
	}
	for _, claim := range []string{k.id(), swapCase(a.Claim), a.Claim + " ", "", "a\x00b"} {
		_, err := s.AuthenticatorByClaim(k.Context(), claim)
		k.fails("AuthenticatorByClaim of an unknown claim", err, authn.ErrNotFound, "claims are compared exactly, including case")
	}
	k.authenticator(s, "after refused calls", a, "a refused call changes nothing")
}

func authenticatorRace(k *kit, s mfa.Store) {
	template, users := newAuthenticator(k, ""), make([]string, callers)
	for i := range users {
		users[i] = k.user(s)
	}
	k.oneWinner("CreateAuthenticator", authn.ErrConflict, "ErrConflict if a row of any user has the same Claim", func(i int) error {
		a := template
		a.UserID = users[i]
		_, err := s.CreateAuthenticator(k.Context(), a)
		return err
	})
}

func authenticatorUpdated(k *kit, s mfa.Store) {
	a := storedAuthenticator(k, s, k.user(s))
	changed := a
	changed.Name, changed.Data, changed.Counter, changed.LastUsedAt = "new", []byte("x"), 7, k.now(time.Hour)
	changed.Type, changed.Claim, changed.CreatedAt = mfa.TOTP, "other", k.now(time.Minute)
	k.ok("UpdateAuthenticator", s.UpdateAuthenticator(k.Context(), changed))
	const contract = "it stores Name, Data, Counter and LastUsedAt, adds one to Version, and needs the stored Version"
	k.fails("UpdateAuthenticator with an old version", s.UpdateAuthenticator(k.Context(), changed), authn.ErrConflict, contract)
	a.Name, a.Data, a.Counter, a.LastUsedAt, a.Version = changed.Name, changed.Data, changed.Counter, changed.LastUsedAt, a.Version+1
	k.authenticator(s, "after UpdateAuthenticator", a, contract)
}

func authenticatorUpdateRace(k *kit, s mfa.Store) {
	a := storedAuthenticator(k, s, k.user(s))
	k.oneWinner("UpdateAuthenticator", authn.ErrConflict, "of any number of concurrent calls one succeeds", func(i int) error {
		changed := a
		changed.Counter = int64(i)
		return s.UpdateAuthenticator(k.Context(), changed)
	})
}

func authenticatorDeleted(k *kit, s mfa.Store) {
	user := k.user(s)
	a, other := storedAuthenticator(k, s, user), storedAuthenticator(k, s, user)
	k.oneWinner("DeleteAuthenticator", authn.ErrNotFound, "of several concurrent calls one succeeds", func(int) error {
		return s.DeleteAuthenticator(k.Context(), user, a.ID)
	})
	_, err := s.AuthenticatorByClaim(k.Context(), a.Claim)
	k.fails("AuthenticatorByClaim after DeleteAuthenticator", err, authn.ErrNotFound, "the row is deleted")
	k.authenticator(s, "of the user's other authenticator", other, "others stay")
	again := a
	again.ID, err = s.CreateAuthenticator(k.Context(), a)
	k.ok("CreateAuthenticator with a claim that was deleted", err)
	if again.ID == a.ID {
		k.Errorf("CreateAuthenticator reused the id %d; the contract: a positive number that is never reused", a.ID)
	}
}

func authenticatorCopies(k *kit, s mfa.Store) {
	a := storedAuthenticator(k, s, k.user(s))
	want := a
	want.Data = append([]byte{}, a.Data...)
	a.Data[0] = 'X'
	k.authenticator(s, "after the caller changed what it stored", want, "the store keeps copies")
	got, err := s.AuthenticatorByClaim(k.Context(), a.Claim)
	k.ok("AuthenticatorByClaim", err)
	got.Data[0] = 'X'
	k.authenticator(s, "after the caller changed what it got", want, "returned values are copies")
}

func authenticatorCancelled(k *kit, s mfa.Store) {
	a := storedAuthenticator(k, s, k.user(s))
	fresh := newAuthenticator(k, a.UserID)
	k.cancelled("CreateAuthenticator", func(ctx context.Context) error {
		_, err := s.CreateAuthenticator(ctx, fresh)
		return err
	})
	k.cancelled("UpdateAuthenticator", func(ctx context.Context) error {
		changed := a
		changed.Name = "changed"
		return s.UpdateAuthenticator(ctx, changed)
	})
	k.cancelled("DeleteAuthenticator", func(ctx context.Context) error { return s.DeleteAuthenticator(ctx, a.UserID, a.ID) })
	k.authenticator(s, "after cancelled calls", a, "a cancelled context leaves nothing behind")
	_, err := s.AuthenticatorByClaim(k.Context(), fresh.Claim)
	k.fails("AuthenticatorByClaim after a cancelled CreateAuthenticator", err, authn.ErrNotFound, "a cancelled context leaves nothing behind")
}
