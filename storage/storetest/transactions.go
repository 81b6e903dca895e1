package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
)

// Transactions checks InTx with all the parts of a store.
func Transactions(t *testing.T, open func(t *testing.T) storage.Store, options ...Option) {
	t.Helper()
	run(t, open, transactionChecks(read(options)))
}

func transactionChecks(o options) []check[storage.Store] {
	return append([]check[storage.Store]{
		{"a commit stores all rows", func(k *kit, s storage.Store) { txOutcome(k, s, o, nil) }},
		{"a failed transaction stores nothing", func(k *kit, s storage.Store) { txOutcome(k, s, o, errStopped) }},
		{"a panic stores nothing", func(k *kit, s storage.Store) { txPanic(k, s, o) }},
		{"a cancelled context leaves nothing behind", func(k *kit, s storage.Store) { txCancelled(k, s, o) }},
		{"a transaction reads what it wrote", txVisible},
		{"a nested call joins the outer one", txNested},
		{"a failed savepoint is rolled back, and nothing else", txSavepoint},
		{"a savepoint belongs to its transaction", func(k *kit, s storage.Store) { txSavepointUndone(k, s, o) }},
		{"ErrConflict and ErrNotFound leave the transaction usable and change nothing", txUsable},
		{"changes and deletions are rolled back", func(k *kit, s storage.Store) { txUndone(k, s, o) }},
		{"one of many sign-ups with one address succeeds", txSignUpRace},
		{"a queued message is claimed after the commit", txOutbox},
	}, lockChecks...)
}

var errStopped = errors.New("the transaction was stopped")

// written are the rows of every part that were written for a user.
type written struct {
	user, name string
	email      account.EmailAddress
	phone      account.Phone
	challenge  authn.Challenge
	session    sessions.Row
	entry      notify.Entry
	event      audit.Row
}

// writeAll writes a row of every part, as a sign-up does.
func writeAll(k *kit, ctx context.Context, s storage.Store) (written, error) {
	w := written{name: k.id(), challenge: newChallenge(k), session: newSession(k)}
	user, err := s.CreateUser(ctx, authn.NewUser{Username: w.name, Email: swapCase(w.name) + "@users.example"})
	if err != nil {
		return w, err
	}
	w.user = user.ID
	w.email, w.phone = newEmail(k, w.user), newPhone(w.user)
	w.challenge.UserID, w.session.UserID = w.user, w.user
	w.event = newEvent(k, w.user, 0)
	w.entry = notify.Entry{ID: k.id(), Channel: notify.ChannelMail, Payload: []byte("p"), CreatedAt: k.due(), NotBefore: k.due(), ExpiresAt: k.due().Add(time.Hour)}
	for _, write := range []func() error{
		func() error { return s.ClaimUsername(ctx, w.user, w.name) },
		func() error { return s.AddEmail(ctx, w.email, true) },
		func() error { return s.SetPhone(ctx, w.phone, true) },
		func() error { return s.SwapPasswordHash(ctx, w.user, "", "hash") },
		func() error { return s.CreateChallenge(ctx, w.challenge) },
		func() error { return s.CreateSession(ctx, w.session) },
		func() error { return s.EnqueueMessage(ctx, w.entry) },
		func() error { return s.AppendEvents(ctx, w.event) },
	} {
		if err := write(); err != nil {
			return w, err
		}
	}
	return w, nil
}

// found reports which of the written rows exist.
func (w written) found(k *kit, ctx context.Context, s storage.Store, o options) map[string]bool {
	k.Helper()
	found := map[string]bool{}
	note := func(what string, err error) {
		k.Helper()
		if err != nil && !errors.Is(err, authn.ErrNotFound) {
			k.Fatalf("looking up the %s failed: %v", what, err)
		}
		found[what] = err == nil
	}
	_, err := s.UserByID(ctx, w.user)
	note("user", err)
	_, err = s.UserIDByUsername(ctx, w.name)
	note("username", err)
	list, err := s.EmailsByAddress(ctx, w.email.Email)
	note("email address", err)
	found["email address"] = len(list) > 0
	_, err = s.PhoneByUser(ctx, w.user)
	note("phone number", err)
	_, err = s.PasswordHash(ctx, w.user)
	note("password", err)
	events, err := s.AuditEvents(ctx, audit.Filter{UserID: w.user, Limit: 10})
	note("event", err)
	found["event"] = len(events) > 0
	if o.here("Challenges") {
		_, err = s.ChallengeByID(ctx, w.challenge.ID)
		note("challenge", err)
	}
	if o.here("Sessions") {
		rows, err := s.SessionsByTokens(ctx, w.session.TokenHash)
		note("session", err)
		found["session"] = len(rows) > 0
	}
	return found
}

func (w written) all(k *kit, ctx context.Context, s storage.Store, o options, want bool, contract string) {
	k.Helper()
	for what, there := range w.found(k, ctx, s, o) {
		if there != want {
			k.Errorf("the %s exists: %v, want %v; the contract: %s", what, there, want, contract)
		}
	}
}

func txOutcome(k *kit, s storage.Store, o options, result error) {
	var w written
	err := s.InTx(k.Context(), func(ctx context.Context) (err error) {
		if w, err = writeAll(k, ctx, s); err != nil {
			return err
		}
		return result
	})
	if err != result {
		k.Fatalf("InTx returned %v; the contract: f's error (here %v) is returned unchanged", err, result)
	}
	w.all(k, k.Context(), s, o, result == nil, "it commits if f returns nil and rolls back otherwise")
}

func txPanic(k *kit, s storage.Store, o options) {
	var w written
	func() {
		defer func() {
			if recover() == nil {
				k.Errorf("InTx recovered a panic of f; the contract: it rolls back, and the caller gets the panic")
			}
		}()
		_ = s.InTx(k.Context(), func(ctx context.Context) (err error) {
			w, err = writeAll(k, ctx, s)
			panic(err)
		})
	}()
	w.all(k, k.Context(), s, o, false, "it rolls back unless f returns nil")
}

func txCancelled(k *kit, s storage.Store, o options) {
	k.cancelled("InTx", func(ctx context.Context) error {
		return s.InTx(ctx, func(context.Context) error { return nil })
	})
	ctx, cancel := context.WithCancel(k.Context())
	defer cancel()
	var w written
	err := s.InTx(ctx, func(ctx context.Context) (err error) {
		w, err = writeAll(k, ctx, s)
		cancel()
		return err
	})
	if err == nil {
		k.Errorf("InTx returned nil although its context ended before f returned; the contract: it rolls back")
	}
	w.all(k, k.Context(), s, o, false, "a cancelled context leaves nothing behind")
}

func txVisible(k *kit, s storage.Store) {
	k.ok("InTx", s.InTx(k.Context(), func(ctx context.Context) error {
		w, err := writeAll(k, ctx, s)
		if err == nil {
			w.all(k, ctx, s, options{}, true, "every method called with that context takes part in the transaction")
		}
		return err
	}))
}

func txNested(k *kit, s storage.Store) {
	var w written
	err := s.InTx(k.Context(), func(ctx context.Context) error {
		if err := s.InTx(ctx, func(ctx context.Context) (err error) {
			w, err = writeAll(k, ctx, s)
			return err
		}); err != nil {
			return err
		}
		return errStopped
	})
	k.fails("InTx", err, errStopped, "f's error is returned unchanged")
	w.all(k, k.Context(), s, options{elsewhere: []string{"Challenges", "Sessions"}}, false, "a nested call joins the outer transaction")
}

// txSavepoint lets a step fail between two that succeed.
func txSavepoint(k *kit, s storage.Store) {
	here := options{elsewhere: []string{"Challenges", "Sessions"}}
	var before, undone, after written
	k.ok("InTx", s.InTx(k.Context(), func(ctx context.Context) (err error) {
		if before, err = writeAll(k, ctx, s); err != nil {
			return err
		}
		err = s.InSavepoint(ctx, func(ctx context.Context) (err error) {
			if undone, err = writeAll(k, ctx, s); err != nil {
				return err
			}
			undone.all(k, ctx, s, here, true, "every method called with that context takes part in the transaction")
			return errStopped
		})
		k.fails("InSavepoint", err, errStopped, "f's error is returned unchanged")
		undone.all(k, ctx, s, here, false, "if f returns an error, what f did is rolled back")
		before.all(k, ctx, s, here, true, "if f returns an error, nothing else is rolled back")
		return s.InSavepoint(ctx, func(ctx context.Context) (err error) {
			after, err = writeAll(k, ctx, s)
			return err
		})
	}))
	undone.all(k, k.Context(), s, here, false, "if f returns an error, what f did is rolled back")
	before.all(k, k.Context(), s, here, true, "if f returns an error, nothing else is rolled back")
	after.all(k, k.Context(), s, here, true, "the transaction continues after a failed savepoint")

	err := s.InSavepoint(k.Context(), func(ctx context.Context) (err error) {
		if undone, err = writeAll(k, ctx, s); err != nil {
			return err
		}
		return errStopped
	})
	k.fails("InSavepoint outside of a transaction", err, errStopped, "it is InTx")
	undone.all(k, k.Context(), s, here, false, "InSavepoint outside of a transaction is InTx")
}

func txSavepointUndone(k *kit, s storage.Store, o options) {
	var w written
	err := s.InTx(k.Context(), func(ctx context.Context) error {
		err := s.InSavepoint(ctx, func(ctx context.Context) (err error) {
			w, err = writeAll(k, ctx, s)
			return err
		})
		return errors.Join(err, errStopped)
	})
	if !errors.Is(err, errStopped) {
		k.Fatalf("InTx returned %v; the contract: f's error is returned unchanged", err)
	}
	w.all(k, k.Context(), s, o, false, "it rolls back if f fails, including finished savepoints")
}

// txUsable lets every method fail inside a transaction that commits: the failed
// calls must not change anything.
func txUsable(k *kit, s storage.Store) {
	var taken written
	k.ok("InTx", s.InTx(k.Context(), func(ctx context.Context) (err error) {
		taken, err = writeAll(k, ctx, s)
		return err
	}))
	user := k.user(s)
	own, ownPhone := k.addEmail(s, newEmail(k, user), false), k.setPhone(s, newPhone(user), false)
	session, refresh := storedSession(k, s, nil), storedToken(k, s)
	usedRefresh := successor(k, refresh)
	k.ok("CreateRefreshToken", s.CreateRefreshToken(k.Context(), usedRefresh))
	blocked, kept := renewed(k, session)
	blocked.TokenHash = taken.session.TokenHash
	rival, verified, wanted := taken.email, taken.email, taken.phone
	rival.UserID, wanted.UserID, verified.UserID = user, user, taken.user
	verified.Verified = true
	var last authn.Challenge
	k.ok("InTx", s.InTx(k.Context(), func(ctx context.Context) error {
		for call, err := range map[string]error{
			"ClaimUsername":      s.ClaimUsername(ctx, user, taken.name),
			"AddEmail":           s.AddEmail(ctx, rival, true),
			"AddEmail, verified": s.AddEmail(ctx, verified, false),
			"SetPhone":           s.SetPhone(ctx, wanted, true),
			"SwapPasswordHash":   s.SwapPasswordHash(ctx, taken.user, "", "other"),
			"CreateChallenge":    s.CreateChallenge(ctx, taken.challenge),
			"CreateSession":      s.CreateSession(ctx, taken.session),
			"RenewSession":       s.RenewSession(ctx, blocked, kept, nil),
			"RotateRefreshToken": s.RotateRefreshToken(ctx, refresh.ID, k.now(0), usedRefresh),
		} {
			k.fails(call+" inside InTx", err, authn.ErrConflict, "ErrConflict inside f leaves the transaction usable")
		}
		for call, err := range map[string]error{
			"DeleteEmail":      s.DeleteEmail(ctx, user, "unknown@example.com"),
			"VerifyPhone":      s.VerifyPhone(ctx, user, "+100"),
			"SaveSession":      s.SaveSession(ctx, newSession(k), nil),
			"ConsumeChallenge": s.ConsumeChallenge(ctx, k.id(), nil),
		} {
			k.fails(call+" inside InTx", err, authn.ErrNotFound, "ErrNotFound inside f leaves the transaction usable")
		}
		last = newChallenge(k)
		return s.CreateChallenge(ctx, last)
	}))
	k.same("ChallengeByID", k.challenge(s, last.ID), last, "what is written after ErrConflict is committed")
	k.same("EmailsByUser after refused calls", k.emails(s, user), []account.EmailAddress{own}, "a refused call changes nothing")
	k.phone(s, "after a refused SetPhone", ownPhone, "a refused call changes nothing")
	k.same("SessionsByTokens after a refused RenewSession", k.session(s, session.TokenHash), session, "both or neither")
	k.refreshToken(s, "after a refused RotateRefreshToken", refresh, "both or neither")
	k.fails("AddEmail, exclusively, after refused calls", s.AddEmail(k.Context(), rival, true), authn.ErrConflict, "a refused call ends no claim")
}

func txUndone(k *kit, s storage.Store, o options) {
	var w written
	k.ok("InTx", s.InTx(k.Context(), func(ctx context.Context) (err error) {
		w, err = writeAll(k, ctx, s)
		return err
	}))
	err := s.InTx(k.Context(), func(ctx context.Context) error {
		_, verifyErr := s.VerifyEmail(ctx, w.user, w.email.Email)
		return errors.Join(verifyErr, s.VerifyPhone(ctx, w.user, w.phone.Number), s.SwapPasswordHash(ctx, w.user, "hash", "new"), s.ForgetUser(ctx, w.user), errStopped)
	})
	if !errors.Is(err, errStopped) || errors.Is(err, authn.ErrNotFound) || errors.Is(err, authn.ErrConflict) {
		k.Fatalf("the changes inside InTx returned %v; the contract asks for success", err)
	}
	w.all(k, k.Context(), s, o, true, "it rolls back if f fails")
	k.same("EmailsByUser after a failed transaction", k.emails(s, w.user), []account.EmailAddress{w.email}, "it rolls back if f fails")
	k.phone(s, "after a failed transaction", w.phone, "it rolls back if f fails")
	k.same("PasswordHash after a failed transaction", k.hash(s, w.user), "hash", "it rolls back if f fails")
}

func txSignUpRace(k *kit, s storage.Store) {
	template := newEmail(k, "")
	users := make([]string, callers)
	k.oneWinner("a sign-up in InTx", authn.ErrConflict, "one of several sign-ups with one address succeeds, the others store nothing", func(i int) error {
		return s.InTx(k.Context(), func(ctx context.Context) error {
			user, err := s.CreateUser(ctx, newUser(k))
			if err != nil {
				return err
			}
			users[i] = user.ID
			a := template
			a.UserID = user.ID
			return s.AddEmail(ctx, a, true)
		})
	})
	there := 0
	for _, id := range users {
		if _, err := s.UserByID(k.Context(), id); err == nil {
			there++
		}
	}
	k.same("number of users after many sign-ups with one address", there, 1, "the other sign-ups store nothing")
}

func txOutbox(k *kit, s storage.Store) {
	err := s.InTx(k.Context(), func(ctx context.Context) error {
		if _, err := writeAll(k, ctx, s); err != nil {
			return err
		}
		return errStopped
	})
	k.fails("InTx", err, errStopped, "f's error is returned unchanged")
	k.same("number of messages after a failed transaction", len(k.claim(s, k.due(), 10)), 0, "a queued message is never returned after a rollback")
	k.ok("InTx", s.InTx(k.Context(), func(ctx context.Context) error {
		_, err := writeAll(k, ctx, s)
		return err
	}))
	k.same("number of messages after a transaction", len(k.claim(s, k.due(), 10)), 1, "a queued message is returned after the commit")
}
