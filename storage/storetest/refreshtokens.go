package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions/token"
)

// RefreshTokens checks a token.Store.
func RefreshTokens(t *testing.T, open func(t *testing.T) token.Store) {
	t.Helper()
	run(t, open, tokenChecks)
}

var tokenChecks = []check[token.Store]{
	{"a token is returned as it was stored", tokenStored},
	{"a missing token is ErrNotFound", tokenMissing},
	{"a used id is ErrConflict", tokenTaken},
	{"a token is rotated once", tokenRotated},
	{"a rotation is both or neither", tokenBoth},
	{"one of many rotations wins", tokenRace},
	{"a cancelled context leaves nothing behind", tokenCancelled},
}

func newToken(k *kit) token.RefreshToken {
	return token.RefreshToken{ID: k.id(), SessionID: rowID(), UserID: k.id(), ExpiresAt: k.now(time.Hour)}
}

func storedToken(k *kit, s token.Store) token.RefreshToken {
	k.Helper()
	t := newToken(k)
	k.ok("CreateRefreshToken", s.CreateRefreshToken(k.Context(), t))
	return t
}

// successor returns a token that can replace t.
func successor(k *kit, t token.RefreshToken) token.RefreshToken {
	next := newToken(k)
	next.SessionID = t.SessionID
	return next
}

// refreshToken reports an error unless the stored token is the wanted one.
func (k *kit) refreshToken(s token.Store, call string, want token.RefreshToken, contract string) {
	k.Helper()
	got, err := s.RefreshTokenByID(k.Context(), want.ID)
	k.ok("RefreshTokenByID of a stored row", err)
	got.ExpiresAt = got.ExpiresAt.UTC()
	if !got.SpentAt.IsZero() {
		got.SpentAt = got.SpentAt.UTC()
	}
	k.same("RefreshTokenByID "+call, *got, want, contract)
}

func tokenStored(k *kit, s token.Store) {
	k.refreshToken(s, "", storedToken(k, s), "it returns what was stored, times to the microsecond")
}

func tokenMissing(k *kit, s token.Store) {
	t := storedToken(k, s)
	for _, id := range []string{k.id(), swapCase(t.ID), t.ID + " ", "", "a\x00b"} {
		_, err := s.RefreshTokenByID(k.Context(), id)
		k.fails("RefreshTokenByID of an id that does not exist", err, authn.ErrNotFound, "it returns the token, or ErrNotFound")
		next := newToken(k)
		k.fails("RotateRefreshToken of an id that does not exist", s.RotateRefreshToken(k.Context(), id, k.now(0), next), authn.ErrNotFound, "ErrNotFound if there is none")
		_, err = s.RefreshTokenByID(k.Context(), next.ID)
		k.fails("RefreshTokenByID of the successor of no token", err, authn.ErrNotFound, "both or neither")
	}
}

func tokenTaken(k *kit, s token.Store) {
	t := storedToken(k, s)
	again := newToken(k)
	again.ID = t.ID
	k.fails("CreateRefreshToken with an id that exists", s.CreateRefreshToken(k.Context(), again), authn.ErrConflict, "ErrConflict if the ID exists")
	k.refreshToken(s, "after a refused call", t, "a refused call changes nothing")
}

func tokenRotated(k *kit, s token.Store) {
	t, at := storedToken(k, s), k.now(time.Minute)
	next := successor(k, t)
	k.fails("RotateRefreshToken of another session", s.RotateRefreshToken(k.Context(), t.ID, at, newToken(k)), authn.ErrNotFound, "ErrNotFound if it belongs to another session")
	k.refreshToken(s, "of another session", t, "a refused call changes nothing")
	k.ok("RotateRefreshToken", s.RotateRefreshToken(k.Context(), t.ID, at, next))
	t.SpentAt = at
	k.refreshToken(s, "of the used token", t, "it is marked as used at that time")
	k.refreshToken(s, "of the successor", next, "the successor is stored")
	k.fails("RotateRefreshToken of a used token", s.RotateRefreshToken(k.Context(), t.ID, at, successor(k, t)), authn.ErrConflict, "a token is rotated once")
}

func tokenBoth(k *kit, s token.Store) {
	t := storedToken(k, s)
	taken := successor(k, t)
	k.ok("CreateRefreshToken", s.CreateRefreshToken(k.Context(), taken))
	if err := s.RotateRefreshToken(k.Context(), t.ID, k.now(0), taken); err == nil {
		k.Errorf("RotateRefreshToken to an id that exists succeeded; the contract: both or neither")
	}
	k.refreshToken(s, "after a refused RotateRefreshToken", t, "both or neither")
}

func tokenRace(k *kit, s token.Store) {
	t := storedToken(k, s)
	k.oneWinner("RotateRefreshToken", authn.ErrConflict, "of any number of concurrent calls exactly one returns nil", func(int) error {
		return s.RotateRefreshToken(k.Context(), t.ID, k.now(0), successor(k, t))
	})
}

func tokenCancelled(k *kit, s token.Store) {
	t := storedToken(k, s)
	fresh := successor(k, t)
	k.cancelled("CreateRefreshToken", func(ctx context.Context) error { return s.CreateRefreshToken(ctx, fresh) })
	k.cancelled("RotateRefreshToken", func(ctx context.Context) error { return s.RotateRefreshToken(ctx, t.ID, k.now(0), fresh) })
	k.refreshToken(s, "after cancelled calls", t, "a cancelled context leaves nothing behind")
	_, err := s.RefreshTokenByID(k.Context(), fresh.ID)
	k.fails("RefreshTokenByID after a cancelled call", err, authn.ErrNotFound, "a cancelled context leaves nothing behind")
}
