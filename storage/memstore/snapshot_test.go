package memstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions"
)

// A table with a thousand changes always equals a map with the same changes, and
// no change affects an earlier copy.
func TestCopiesOfATableStayAsTheyAre(t *testing.T) {
	t.Parallel()
	type row struct{ id, group string }
	now := newTable(asIs, 1, func(r *row) key { return key{text: r.id} }, func(r *row) key { return key{text: r.group, tie: r.id} })
	want := map[string]string{}
	check := func(moment string, table table[row], want map[string]string) {
		t.Helper()
		for _, group := range []string{"a", "b", "c"} {
			ids, _ := list(&table, 1, group, func(r row) string { return r.id })
			var wanted []string
			for id, g := range want {
				if g == group {
					wanted = append(wanted, id)
				}
			}
			slices.Sort(wanted)
			if !slices.Equal(ids, wanted) {
				t.Fatalf("%s: group %s holds %v, want %v", moment, group, ids, wanted)
			}
		}
	}
	for i := range 1000 {
		before, wantBefore := now, maps.Clone(want)
		id := fmt.Sprint(rand.IntN(50))
		if stored := now.get(0, key{text: id}); stored != nil && rand.IntN(3) == 0 {
			now.remove(stored)
			delete(want, id)
		} else {
			want[id] = string(rune('a' + rand.IntN(3)))
			now.put(row{id, want[id]})
		}
		check(fmt.Sprint("change ", i), now, want)
		check(fmt.Sprint("before change ", i), before, wantBefore)
	}
}

// While a transaction is open, calls outside of it return what was last
// committed, without waiting. Calls that change something wait until their
// context ends.
func TestReadersDoNotWaitForATransaction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, outside := New(), t.Context()
		var id string
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.SwapPasswordHash(outside, "u", "", "old"))
		must(s.InTx(outside, func(ctx context.Context) error {
			user, err := s.CreateUser(ctx, authn.NewUser{Username: "name"})
			must(err)
			id = user.ID
			must(s.SwapPasswordHash(ctx, "u", "old", "new"))
			if hash, err := s.PasswordHash(outside, "u"); err != nil || hash != "old" {
				t.Errorf("outside of the transaction: hash %q, %v", hash, err)
			}
			if _, err := s.UserByID(outside, id); !errors.Is(err, authn.ErrNotFound) {
				t.Errorf("outside of the transaction: the user is there, %v", err)
			}
			late, cancel := context.WithTimeout(outside, time.Minute)
			defer cancel()
			for call, err := range map[string]error{
				"a change":             s.SwapPasswordHash(late, "u", "old", "other"),
				"a second transaction": s.InTx(late, func(context.Context) error { return nil }),
			} {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s outside of the open transaction: %v", call, err)
				}
			}
			return nil
		}))
		if hash, err := s.PasswordHash(outside, "u"); err != nil || hash != "new" {
			t.Errorf("after the transaction: hash %q, %v", hash, err)
		}
		if _, err := s.UserByID(outside, id); err != nil {
			t.Errorf("after the transaction: %v", err)
		}
	})
}

// A call with the context of an ended transaction changes nothing.
func TestALateCallChangesNothing(t *testing.T) {
	t.Parallel()
	s := New()
	var late context.Context
	if err := s.InTx(t.Context(), func(ctx context.Context) error {
		late = ctx
		return s.SwapPasswordHash(ctx, "u", "", "hash")
	}); err != nil {
		t.Fatal(err)
	}
	_ = s.SwapPasswordHash(late, "u", "hash", "late")
	if hash, err := s.PasswordHash(t.Context(), "u"); err != nil || hash != "hash" {
		t.Errorf("hash %q, %v", hash, err)
	}
}

// filled returns a store with rows of n users.
func filled(tb testing.TB, n int) *Store {
	tb.Helper()
	s, now := New(), time.Now()
	if err := s.InTx(tb.Context(), func(ctx context.Context) error {
		for i := range n {
			id := fmt.Sprint(i)
			if err := errors.Join(
				s.AddEmail(ctx, account.EmailAddress{UserID: id, Email: id + "@example.com", Verified: true}, true),
				s.SetPhone(ctx, account.Phone{UserID: id, Number: "+1" + id}, true),
				s.SwapPasswordHash(ctx, id, "", "hash"),
				s.CreateSession(ctx, sessions.Row{ID: id, TokenHash: id, UserID: id, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}),
			); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return s
}

// turn is a transaction that changes some rows and keeps their number.
func turn(tb testing.TB, s *Store) {
	tb.Helper()
	if err := s.InTx(tb.Context(), func(ctx context.Context) error {
		_, err := s.NextPasswordHash(ctx, "h")
		return errors.Join(err,
			s.AddEmail(ctx, account.EmailAddress{UserID: "7", Email: "new@example.com"}, true),
			s.SetPhone(ctx, account.Phone{UserID: "7", Number: "+17"}, true),
			s.TouchSession(ctx, "7", "192.0.2.1", "", time.Now()),
			s.DeleteEmail(ctx, "7", "new@example.com"))
	}); err != nil {
		tb.Fatal(err)
	}
}

// The memory that a transaction allocates shows what it copies: paths of the
// trees, which grow with the logarithm of the number of rows, and never all rows.
func TestATransactionDoesNotCopyAllRows(t *testing.T) {
	taken := func(users int) uint64 {
		s := filled(t, users)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100 {
			turn(t, s)
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / 100
	}
	few, many := taken(100), taken(3000)
	t.Logf("%d bytes with 100 users, %d with 3,000", few, many)
	if many > 4*few {
		t.Errorf("a transaction takes %d bytes with 100 users and %d with 3,000", few, many)
	}
}

func BenchmarkTransaction(b *testing.B) {
	for _, users := range []int{100, 100_000} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			s := filled(b, users)
			runtime.GC()
			b.ReportAllocs()
			for b.Loop() {
				turn(b, s)
			}
		})
	}
}
