package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
)

// Keeper checks Clean and ForgetUser of a store. Each check needs an empty store.
func Keeper(t *testing.T, open func(t *testing.T) storage.Store, options ...Option) {
	t.Helper()
	run(t, open, keeperChecks(read(options)))
}

func keeperChecks(o options) []check[storage.Store] {
	return []check[storage.Store]{
		{"expired rows are deleted in batches", func(k *kit, s storage.Store) { keeperClean(k, s, o) }},
		{"decoys among the messages are deleted, and no others", keeperDecoys},
		{"everything of a user is forgotten, nothing of others", func(k *kit, s storage.Store) { keeperForget(k, s) }},
		{"the status is that of a store in use", keeperStatus},
		{"a cancelled context leaves nothing behind", func(k *kit, s storage.Store) { keeperCancelled(k, s) }},
	}
}

func keeperStatus(k *kit, s storage.Store) {
	before := time.Now()
	status, err := s.Status(k.Context())
	k.ok("Status", err)
	k.same("PendingMigrations of Status", status.PendingMigrations, 0, "it is the number of migrations that have not run")
	if clock := status.Clock; !clock.IsZero() && (clock.Before(before.Add(-time.Hour)) || clock.After(time.Now().Add(time.Hour))) {
		k.Errorf("Clock of Status is %v at %v; the contract: it is the time of the database", clock, before)
	}
}

func keeperDecoys(k *kit, s storage.Store) {
	now := k.due()
	entry := func(channel string, due time.Time) notify.Entry {
		e := notify.Entry{ID: k.id(), Channel: channel, Payload: []byte("p"), CreatedAt: due, NotBefore: due, ExpiresAt: due}
		k.ok("EnqueueMessage", s.EnqueueMessage(k.Context(), e))
		return e
	}
	mail := entry(notify.ChannelMail, now.Add(-time.Minute))
	entry(notify.ChannelDecoy, now.Add(-time.Minute))
	fresh := entry(notify.ChannelDecoy, now)
	n, err := s.Clean(k.Context(), now, 10)
	k.ok("Clean", err)
	k.same("number of rows that Clean deleted", n, 1, "decoys that expired before now are deleted")
	var left []string
	for _, e := range k.claim(s, now, 10) {
		left = append(left, e.ID)
	}
	k.same("messages after Clean", left, []string{mail.ID, fresh.ID}, "messages other than decoys stay until they are delivered or dropped")
}

func keeperClean(k *kit, s storage.Store, o options) {
	now := k.now(0)
	expired, want := 0, map[string]bool{}
	for i := range 6 {
		session, c, t, e := newSession(k), newChallenge(k), newToken(k), newEvent(k, k.id(), 0)
		if i%2 == 0 {
			session.ExpiresAt, c.ExpiresAt, t.ExpiresAt, e.ExpiresAt = now.Add(-time.Microsecond), now.Add(-time.Hour), now.Add(-time.Minute), now.Add(-time.Microsecond)
		} else {
			session.ExpiresAt, c.ExpiresAt, t.ExpiresAt, e.ExpiresAt = now, now.Add(time.Microsecond), now.Add(time.Hour), now
		}
		if o.here("Sessions") {
			k.ok("CreateSession", s.CreateSession(k.Context(), session))
		}
		if o.here("Challenges") {
			k.ok("CreateChallenge", s.CreateChallenge(k.Context(), c))
		}
		k.ok("CreateRefreshToken", s.CreateRefreshToken(k.Context(), t))
		k.ok("AppendEvents", s.AppendEvents(k.Context(), e))
		for part, id := range map[string]string{"Sessions": session.TokenHash, "Challenges": c.ID, "RefreshTokens": t.ID, "Audit": e.UserID} {
			if !o.here(part) {
				continue
			}
			want[id] = i%2 != 0
			if i%2 == 0 {
				expired++
			}
		}
	}
	for left := expired; left > 0; {
		n, err := s.Clean(k.Context(), now, 2)
		k.ok("Clean", err)
		if n != min(2, left) {
			k.Fatalf("Clean with limit 2 deleted %d of %d expired rows; the contract: at most limit, and fewer only if no more have expired", n, left)
		}
		left -= n
	}
	n, err := s.Clean(k.Context(), now, 2)
	k.ok("Clean", err)
	k.same("number of rows that Clean deletes when none is expired", n, 0, "it deletes rows that expired before now")
	for id, there := range want {
		found, err := s.SessionsByTokens(k.Context(), id)
		k.ok("SessionsByTokens", err)
		_, noChallenge := s.ChallengeByID(k.Context(), id)
		_, noToken := s.RefreshTokenByID(k.Context(), id)
		got := len(found) > 0 || noChallenge == nil || noToken == nil || len(k.events(s, audit.Filter{UserID: id})) > 0
		k.same("presence of a row after Clean", got, there, "it deletes rows that expired before now, and no others")
	}
}

// owned stores a row of every part for a new user.
func owned(k *kit, s storage.Store) (written, token.RefreshToken, string) {
	k.Helper()
	var w written
	k.ok("InTx", s.InTx(k.Context(), func(ctx context.Context) (err error) {
		w, err = writeAll(k, ctx, s)
		return err
	}))
	t := newToken(k)
	t.UserID = w.user
	k.ok("CreateRefreshToken", s.CreateRefreshToken(k.Context(), t))
	return w, t, storedSocial(k, s, w.user).UID
}

func keeperForget(k *kit, s storage.Store) {
	gone, goneToken, goneUID := owned(k, s)
	kept, keptToken, keptUID := owned(k, s)
	shared := kept.email
	shared.UserID = gone.user
	k.addEmail(s, shared, false)
	k.ok("ForgetUser", s.ForgetUser(k.Context(), gone.user))
	found := gone.found(k, k.Context(), s, options{})
	if found["user"] { // the user is in the host's own table, perhaps with the password
		delete(found, "user")
		delete(found, "password")
	}
	for what, there := range found {
		k.same("presence of the "+what+" after ForgetUser", there, false, "it deletes every row of the user")
	}
	kept.all(k, k.Context(), s, options{}, true, "it deletes nothing of others")
	_, err := s.RefreshTokenByID(k.Context(), goneToken.ID)
	k.fails("RefreshTokenByID after ForgetUser", err, authn.ErrNotFound, "it deletes every row of the user")
	_, err = s.SocialAccount(k.Context(), "Provider", goneUID)
	k.fails("SocialAccount after ForgetUser", err, authn.ErrNotFound, "it deletes every row of the user")
	k.refreshToken(s, "of another user after ForgetUser", keptToken, "it deletes nothing of others")
	_, err = s.SocialAccount(k.Context(), "Provider", keptUID)
	k.ok("SocialAccount of another user after ForgetUser", err)
	k.same("EmailsByAddress of a shared address after ForgetUser", k.owners(s, kept.email.Email), []account.EmailAddress{kept.email}, "it deletes nothing of others")
	rows, err := s.SessionsByUser(k.Context(), gone.user)
	k.ok("SessionsByUser", err)
	k.same("SessionsByUser after ForgetUser", len(rows), 0, "it deletes every row of the user")
	anonymous := storedSession(k, s, func(r *sessions.Row) { r.UserID = "" })
	for _, id := range []string{gone.user, k.id(), "", "a\x00b"} {
		k.ok("ForgetUser of a user without rows", s.ForgetUser(k.Context(), id))
	}
	k.same("SessionsByTokens of an anonymous session after ForgetUser", k.session(s, anonymous.TokenHash), anonymous, "ForgetUser of an empty id deletes no row")
}

func keeperCancelled(k *kit, s storage.Store) {
	w, _, _ := owned(k, s)
	k.cancelled("Clean", func(ctx context.Context) error {
		_, err := s.Clean(ctx, k.now(48*time.Hour), 100)
		return err
	})
	k.cancelled("Status", func(ctx context.Context) error {
		_, err := s.Status(ctx)
		return err
	})
	k.cancelled("ForgetUser", func(ctx context.Context) error { return s.ForgetUser(ctx, w.user) })
	w.all(k, k.Context(), s, options{}, true, "a cancelled context leaves nothing behind")
}
