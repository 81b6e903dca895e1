package storetest

import (
	"context"
	"crypto/rand"
	"math/big"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions"
)

// Sessions checks a sessions.Store.
func Sessions(t *testing.T, open func(t *testing.T) sessions.Store) {
	t.Helper()
	run(t, open, sessionChecks)
}

var sessionChecks = []check[sessions.Store]{
	{"a row is returned as it was stored", sessionStored},
	{"a missing row is ErrNotFound, or no error", sessionMissing},
	{"a used id or token is ErrConflict", sessionTaken},
	{"token hashes are compared exactly", sessionExact},
	{"several tokens are looked up at once", sessionTokens},
	{"saving overwrites data and times only", sessionSave},
	{"what another request stored is not overwritten", sessionNewer},
	{"one of many changes of the same data wins", sessionNewerRace},
	{"a replaced token changes nothing", sessionOldToken},
	{"a deleted row stays deleted", sessionDeleted},
	{"renewing is both or neither", sessionRenew},
	{"one of many renewals wins", sessionRenewRace},
	{"deleting during a renewal deletes", sessionRenewDeleteRace},
	{"touching stores address and time", sessionTouch},
	{"rekeying changes the user's rows of that fingerprint", sessionRekey},
	{"a user's rows are ordered by creation, oldest first", sessionList},
	{"a user's rows are deleted but one", sessionDeleteUser},
	{"deleting races with saving", sessionDeleteRace},
	{"returned rows are copies", sessionCopies},
	{"a cancelled context leaves nothing behind", sessionCancelled},
}

// rowID returns a random decimal number that is exact in JavaScript.
func rowID() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(1<<53-1)) // it never fails
	return n.Add(n, big.NewInt(1)).String()
}

func newSession(k *kit) sessions.Row {
	return sessions.Row{
		ID: rowID(), TokenHash: k.id(), Kind: "browser", UserID: k.id(), AuthHash: "Fingerprint", IP: "2001:db8::1", UserAgent: "Ä/1.0 (\"x\")",
		CreatedAt: k.now(0), LastSeenAt: k.now(time.Second), ExpiresAt: k.now(time.Hour), Data: []byte("{\"v\":1}\x00\xff"),
	}
}

func storedSession(k *kit, s sessions.Store, change func(*sessions.Row)) sessions.Row {
	k.Helper()
	row := newSession(k)
	if change != nil {
		change(&row)
	}
	k.ok("CreateSession", s.CreateSession(k.Context(), row))
	return row
}

func (k *kit) session(s sessions.Store, tokenHash string) sessions.Row {
	k.Helper()
	rows, err := s.SessionsByTokens(k.Context(), tokenHash)
	k.ok("SessionsByTokens", err)
	if len(rows) != 1 {
		k.Fatalf("SessionsByTokens of a stored row returned %d rows", len(rows))
	}
	return utcSession(rows[0])
}

func utcSession(row sessions.Row) sessions.Row {
	row.CreatedAt, row.LastSeenAt, row.ExpiresAt = row.CreatedAt.UTC(), row.LastSeenAt.UTC(), row.ExpiresAt.UTC()
	if len(row.Data) == 0 {
		row.Data = nil
	}
	row.Profile = nil // Profiles checks it
	return row
}

func (k *kit) noSession(s sessions.Store, call, tokenHash, contract string) {
	k.Helper()
	rows, err := s.SessionsByTokens(k.Context(), tokenHash)
	k.ok("SessionsByTokens "+call, err)
	k.same("rows of SessionsByTokens "+call, len(rows), 0, contract)
}

func sessionStored(k *kit, s sessions.Store) {
	row := storedSession(k, s, nil)
	k.same("SessionsByTokens", k.session(s, row.TokenHash), row, "it returns what was stored, times to the microsecond")
	anonymous := storedSession(k, s, func(r *sessions.Row) { r.UserID, r.AuthHash, r.Data = "", "", nil })
	k.same("SessionsByTokens of an anonymous session", k.session(s, anonymous.TokenHash), anonymous, "it returns what was stored")
	largest := storedSession(k, s, func(r *sessions.Row) { r.ID = "9007199254740991" })
	k.same("SessionsByTokens of the largest id", k.session(s, largest.TokenHash), largest, "it returns what was stored")
	k.ok("DeleteSession", s.DeleteSession(k.Context(), largest.ID))
}

func sessionMissing(k *kit, s sessions.Store) {
	ctx := k.Context()
	for _, token := range []string{k.id(), "", "a\x00b"} {
		k.noSession(s, "of a token that does not exist", token, "hashes without a row are left out")
	}
	k.fails("SaveSession of a missing row", s.SaveSession(ctx, newSession(k), nil), authn.ErrNotFound, "ErrNotFound if there is no such row")
	row := newSession(k)
	old := newSession(k)
	k.fails("RenewSession of a missing row", s.RenewSession(ctx, row, old, nil), authn.ErrNotFound, "ErrNotFound if the session was deleted")
	for _, token := range []string{row.TokenHash, old.TokenHash} {
		k.noSession(s, "after a refused RenewSession", token, "both or neither")
	}
	for _, id := range []string{rowID(), "", "x"} {
		k.ok("TouchSession of a missing row", s.TouchSession(ctx, id, "::1", "", k.now(0)))
		k.ok("DeleteSession of a missing row", s.DeleteSession(ctx, id))
	}
	k.ok("DeleteUserSessions of a user without sessions", s.DeleteUserSessions(ctx, k.id(), ""))
	k.ok("RekeySessions of a user without sessions", s.RekeySessions(ctx, k.id(), "a", "b"))
	rows, err := s.SessionsByUser(ctx, k.id())
	k.ok("SessionsByUser", err)
	k.same("SessionsByUser of a user without sessions", len(rows), 0, "it returns the user's rows")
}

func sessionTaken(k *kit, s sessions.Store) {
	row := storedSession(k, s, nil)
	const contract = "ErrConflict if the ID or the token hash exists"
	sameID, sameToken := newSession(k), newSession(k)
	sameID.ID, sameToken.TokenHash = row.ID, row.TokenHash
	k.fails("CreateSession with an id that exists", s.CreateSession(k.Context(), sameID), authn.ErrConflict, contract)
	k.fails("CreateSession with a token hash that exists", s.CreateSession(k.Context(), sameToken), authn.ErrConflict, contract)
	k.same("SessionsByTokens after refused calls", k.session(s, row.TokenHash), row, "a refused call changes nothing")
	k.noSession(s, "after a refused CreateSession", sameID.TokenHash, "a refused call changes nothing")
	token := k.id()
	k.oneWinner("CreateSession with one token hash", authn.ErrConflict, contract, func(int) error {
		fresh := newSession(k)
		fresh.TokenHash = token
		return s.CreateSession(k.Context(), fresh)
	})
}

func sessionExact(k *kit, s sessions.Store) {
	row := storedSession(k, s, nil)
	for _, token := range []string{swapCase(row.TokenHash), row.TokenHash + " "} {
		k.noSession(s, "of a token that differs in case or a trailing space", token, "tokens are compared exactly")
	}
}

func sessionSave(k *kit, s sessions.Store) {
	row, other := storedSession(k, s, nil), storedSession(k, s, nil)
	changed := newSession(k)
	changed.ID, changed.TokenHash = row.ID, row.TokenHash
	changed.Data, changed.LastSeenAt, changed.ExpiresAt = []byte("new"), k.now(time.Minute), k.now(2*time.Hour)
	k.ok("SaveSession", s.SaveSession(k.Context(), changed, nil))
	row.Data, row.LastSeenAt, row.ExpiresAt = changed.Data, changed.LastSeenAt, changed.ExpiresAt
	k.same("SessionsByTokens after SaveSession", k.session(s, row.TokenHash), row, "SaveSession overwrites Data, LastSeenAt and ExpiresAt, nothing else")
	k.ok("SaveSession without a change", s.SaveSession(k.Context(), row, nil))
	k.same("SessionsByTokens of another row after SaveSession", k.session(s, other.TokenHash), other, "others stay as they are")
}

func sessionDeleted(k *kit, s sessions.Store) {
	row := storedSession(k, s, nil)
	k.ok("DeleteSession", s.DeleteSession(k.Context(), row.ID))
	k.noSession(s, "after DeleteSession", row.TokenHash, "the row is deleted")
	k.fails("SaveSession after DeleteSession", s.SaveSession(k.Context(), row, nil), authn.ErrNotFound, "a deleted row is not stored again")
	k.ok("TouchSession after DeleteSession", s.TouchSession(k.Context(), row.ID, "::1", "", k.now(0)))
	k.noSession(s, "after DeleteSession, SaveSession and TouchSession", row.TokenHash, "a deleted row is not stored again")
	rows, err := s.SessionsByUser(k.Context(), row.UserID)
	k.ok("SessionsByUser", err)
	k.same("SessionsByUser after DeleteSession", len(rows), 0, "the row is deleted")
}

// renewed returns the row of a renewed session, and the row that remembers its
// old token.
func renewed(k *kit, session sessions.Row) (row, old sessions.Row) {
	row, old = newSession(k), newSession(k)
	row.ID, row.UserID = session.ID, session.UserID
	old.TokenHash, old.UserID, old.Kind = session.TokenHash, "", "replaced"
	return row, old
}

func sessionRenew(k *kit, s sessions.Store) {
	session := storedSession(k, s, nil)
	row, old := renewed(k, session)
	row.UserID = k.id()
	k.ok("RenewSession", s.RenewSession(k.Context(), row, old, nil))
	k.same("SessionsByTokens of the new token", k.session(s, row.TokenHash), row, "the row becomes the new one")
	k.same("SessionsByTokens of the old token", k.session(s, old.TokenHash), old, "the old token is kept in a row of its own")
	for user, want := range map[string]int{session.UserID: 0, row.UserID: 1} {
		rows, err := s.SessionsByUser(k.Context(), user)
		k.ok("SessionsByUser", err)
		k.same("number of rows after RenewSession with another user", len(rows), want, "the row becomes the new one")
	}
	taken := storedSession(k, s, nil)
	blocked, again := renewed(k, row)
	blocked.TokenHash = taken.TokenHash
	k.fails("RenewSession with a token hash that exists", s.RenewSession(k.Context(), blocked, again, nil), authn.ErrConflict, "ErrConflict if the new token hash exists")
	blocked, again = renewed(k, row)
	again.ID = taken.ID
	k.fails("RenewSession with an id of the old row that exists", s.RenewSession(k.Context(), blocked, again, nil), authn.ErrConflict, "ErrConflict if old.ID exists")
	k.noSession(s, "after a refused RenewSession", blocked.TokenHash, "both or neither")
	k.same("SessionsByTokens after a refused RenewSession", k.session(s, row.TokenHash), row, "both or neither")
	k.same("SessionsByTokens of another row after a refused RenewSession", k.session(s, taken.TokenHash), taken, "others stay as they are")
	k.ok("DeleteSession", s.DeleteSession(k.Context(), row.ID))
	k.noSession(s, "after DeleteSession", row.TokenHash, "the session is deleted")
	k.same("SessionsByTokens of the old token after DeleteSession", k.session(s, old.TokenHash), old, "the two rows are independent")
}

// sessionNewer is a request that has loaded the session before another request
// stored it.
func sessionNewer(k *kit, s sessions.Store) {
	loaded := storedSession(k, s, nil)
	newer := loaded
	newer.Data = []byte("newer")
	k.ok("SaveSession", s.SaveSession(k.Context(), newer, loaded.Data))
	k.ok("SaveSession without a change", s.SaveSession(k.Context(), newer, newer.Data))
	stale := loaded
	stale.Data = []byte("of a stale change")
	const contract = "ErrConflict if the stored Data is not loaded"
	k.fails("SaveSession of a stale change", s.SaveSession(k.Context(), stale, loaded.Data), authn.ErrConflict, contract)
	k.fails("SaveSession of the same data", s.SaveSession(k.Context(), newer, loaded.Data), authn.ErrConflict, contract)
	row, old := renewed(k, loaded)
	k.fails("RenewSession of a stale change", s.RenewSession(k.Context(), row, old, loaded.Data), authn.ErrConflict, contract)
	k.same("SessionsByTokens after refused calls", k.session(s, loaded.TokenHash), newer, "the changes of another request are not lost")
	k.ok("RenewSession", s.RenewSession(k.Context(), row, old, newer.Data))
	k.same("SessionsByTokens of the new token", k.session(s, row.TokenHash), row, "the row becomes the new one")
}

func sessionNewerRace(k *kit, s sessions.Store) {
	loaded := storedSession(k, s, nil)
	k.oneWinner("SaveSession", authn.ErrConflict, "ErrConflict if the stored Data is not loaded", func(i int) error {
		row := loaded
		row.Data = []byte{byte(i + 1)}
		return s.SaveSession(k.Context(), row, loaded.Data)
	})
}

// sessionOldToken is a request that has loaded the session before it got another
// token.
func sessionOldToken(k *kit, s sessions.Store) {
	session := storedSession(k, s, nil)
	row, old := renewed(k, session)
	k.ok("RenewSession", s.RenewSession(k.Context(), row, old, nil))
	session.Data = []byte("stale")
	k.fails("SaveSession by the old token", s.SaveSession(k.Context(), session, nil), authn.ErrNotFound, "a session is not changed by its old token")
	next, again := renewed(k, session)
	k.fails("RenewSession by the old token", s.RenewSession(k.Context(), next, again, nil), authn.ErrNotFound, "ErrNotFound if the session has another token")
	k.same("SessionsByTokens after calls by the old token", k.session(s, row.TokenHash), row, "a session is not changed by its old token")
}

func sessionRenewRace(k *kit, s sessions.Store) {
	session := storedSession(k, s, nil)
	k.oneWinner("RenewSession", authn.ErrNotFound, "ErrNotFound if the session has another token", func(int) error {
		row, old := renewed(k, session)
		return s.RenewSession(k.Context(), row, old, nil)
	})
	rows, err := s.SessionsByUser(k.Context(), session.UserID)
	k.ok("SessionsByUser", err)
	k.same("number of rows after many RenewSession at once", len(rows), 1, "there is one row for the session")
}

// sessionRenewDeleteRace deletes a session while it gets another token.
func sessionRenewDeleteRace(k *kit, s sessions.Store) {
	for range 8 {
		session := storedSession(k, s, nil)
		row, old := renewed(k, session)
		for _, err := range k.race(func(i int) error {
			if i > 0 {
				return s.DeleteSession(k.Context(), session.ID)
			}
			err := s.RenewSession(k.Context(), row, old, nil)
			if outcome(err) == "ErrNotFound" {
				return nil
			}
			return err
		}) {
			k.ok("RenewSession and DeleteSession at once", err)
		}
		k.noSession(s, "after RenewSession and DeleteSession at once", row.TokenHash, "the row is deleted")
	}
}

func sessionTokens(k *kit, s sessions.Store) {
	var tokens []string
	want := map[string]sessions.Row{}
	for range 6 {
		row := storedSession(k, s, nil)
		tokens = append(tokens, row.TokenHash)
		want[row.TokenHash] = row
	}
	storedSession(k, s, nil)
	tokens = append(tokens[:3:3], append([]string{k.id(), ""}, tokens[3:]...)...)
	rows, err := s.SessionsByTokens(k.Context(), tokens...)
	k.ok("SessionsByTokens", err)
	got := map[string]sessions.Row{}
	for _, row := range rows {
		got[row.TokenHash] = utcSession(row)
	}
	k.same("number of rows of SessionsByTokens", len(rows), len(want), "it returns the rows with these token hashes")
	k.same("SessionsByTokens", got, want, "it returns the rows with these token hashes")
	rows, err = s.SessionsByTokens(k.Context())
	k.ok("SessionsByTokens of no token", err)
	k.same("number of rows of SessionsByTokens of no token", len(rows), 0, "it returns the rows with these token hashes")
}

func sessionTouch(k *kit, s sessions.Store) {
	row := storedSession(k, s, nil)
	seen := k.now(time.Minute)
	k.ok("TouchSession", s.TouchSession(k.Context(), row.ID, "192.0.2.7", "other", seen))
	row.IP, row.UserAgent, row.LastSeenAt = "192.0.2.7", "other", seen
	k.same("SessionsByTokens after TouchSession", k.session(s, row.TokenHash), row, "IP, UserAgent and LastSeenAt are updated, nothing else")
}

func sessionRekey(k *kit, s sessions.Store) {
	first := storedSession(k, s, nil)
	of := func(user, hash string) sessions.Row {
		return storedSession(k, s, func(r *sessions.Row) { r.UserID, r.AuthHash = user, hash })
	}
	second, outdated, other := of(first.UserID, first.AuthHash), of(first.UserID, "fingerprint"), of(k.id(), first.AuthHash)
	k.ok("RekeySessions", s.RekeySessions(k.Context(), first.UserID, first.AuthHash, "new"))
	first.AuthHash, second.AuthHash = "new", "new"
	for _, row := range []sessions.Row{first, second} {
		k.same("SessionsByTokens after RekeySessions", k.session(s, row.TokenHash), row, "the fingerprint of all the user's rows that have oldAuthHash is replaced")
	}
	for _, row := range []sessions.Row{outdated, other} {
		k.same("SessionsByTokens of another fingerprint or user after RekeySessions", k.session(s, row.TokenHash), row, "others stay as they are")
	}
}

func sessionList(k *kit, s sessions.Store) {
	user := k.id()
	var want []sessions.Row
	for _, age := range []time.Duration{2, 0, 1} {
		want = append(want, storedSession(k, s, func(r *sessions.Row) { r.UserID, r.CreatedAt = user, k.now(-age*time.Minute) }))
	}
	want = []sessions.Row{want[0], want[2], want[1]}
	storedSession(k, s, func(r *sessions.Row) { r.UserID = swapCase(user) })
	got, err := s.SessionsByUser(k.Context(), user)
	k.ok("SessionsByUser", err)
	for i := range want {
		want[i].Data = nil
	}
	for i := range got {
		got[i] = utcSession(got[i])
		got[i].Data = nil
	}
	k.same("SessionsByUser", got, want, "it returns the user's rows by creation, oldest first")
}

func sessionDeleteUser(k *kit, s sessions.Store) {
	user := k.id()
	of := func(user string) sessions.Row {
		return storedSession(k, s, func(r *sessions.Row) { r.UserID = user })
	}
	first, second, kept, other := of(user), of(user), of(user), of(k.id())
	k.ok("DeleteUserSessions", s.DeleteUserSessions(k.Context(), user, kept.ID))
	for _, row := range []sessions.Row{first, second} {
		k.noSession(s, "after DeleteUserSessions", row.TokenHash, "all the user's rows are deleted but one")
	}
	for _, row := range []sessions.Row{kept, other} {
		k.same("SessionsByTokens of the excepted row or another user's after DeleteUserSessions", k.session(s, row.TokenHash), row, "others stay")
	}
	k.ok("DeleteUserSessions without an exception", s.DeleteUserSessions(k.Context(), user, ""))
	k.noSession(s, "after DeleteUserSessions without an exception", kept.TokenHash, "all the user's rows are deleted")
}

func sessionDeleteRace(k *kit, s sessions.Store) {
	row := storedSession(k, s, nil)
	for _, err := range k.race(func(i int) error {
		if i == callers/2 {
			return s.DeleteUserSessions(k.Context(), row.UserID, "")
		}
		err := s.SaveSession(k.Context(), row, nil)
		if outcome(err) == "ErrNotFound" {
			return nil
		}
		return err
	}) {
		k.ok("SaveSession and DeleteUserSessions at once", err)
	}
	k.noSession(s, "after SaveSession and DeleteUserSessions at once", row.TokenHash, "a deleted row is not stored again")
}

func sessionCopies(k *kit, s sessions.Store) {
	row := storedSession(k, s, nil)
	want := append([]byte{}, row.Data...)
	row.Data[0] = 'X'
	got := k.session(s, row.TokenHash)
	k.same("Data after the caller changed what it stored", got.Data, want, "the store keeps copies")
	got.Data[0] = 'X'
	k.same("Data after the caller changed what it got", k.session(s, row.TokenHash).Data, want, "returned values are copies")
}

func sessionCancelled(k *kit, s sessions.Store) {
	row, fresh := storedSession(k, s, nil), newSession(k)
	k.cancelled("CreateSession", func(ctx context.Context) error { return s.CreateSession(ctx, fresh) })
	k.noSession(s, "after a cancelled CreateSession", fresh.TokenHash, "a cancelled context leaves nothing behind")
	k.cancelled("SessionsByTokens", func(ctx context.Context) error {
		_, err := s.SessionsByTokens(ctx, row.TokenHash)
		return err
	})
	k.cancelled("SessionsByUser", func(ctx context.Context) error {
		_, err := s.SessionsByUser(ctx, row.UserID)
		return err
	})
	k.cancelled("SaveSession", func(ctx context.Context) error {
		changed := row
		changed.Data = []byte("new")
		return s.SaveSession(ctx, changed, nil)
	})
	k.cancelled("RenewSession", func(ctx context.Context) error {
		next, old := renewed(k, row)
		return s.RenewSession(ctx, next, old, nil)
	})
	k.cancelled("TouchSession", func(ctx context.Context) error { return s.TouchSession(ctx, row.ID, "::2", "new", k.now(0)) })
	k.cancelled("RekeySessions", func(ctx context.Context) error { return s.RekeySessions(ctx, row.UserID, row.AuthHash, "new") })
	k.cancelled("DeleteSession", func(ctx context.Context) error { return s.DeleteSession(ctx, row.ID) })
	k.cancelled("DeleteUserSessions", func(ctx context.Context) error { return s.DeleteUserSessions(ctx, row.UserID, "") })
	k.same("SessionsByTokens after cancelled calls", k.session(s, row.TokenHash), row, "a cancelled context leaves nothing behind")
}
