package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// A refused attempt waits for no lock: another transaction holds the row of the
// bucket meanwhile.
func TestARefusedAttemptDoesNotWait(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"pgx", "mysql"} {
		db, dialect := openServer(t, driver)
		if db == nil {
			continue
		}
		store := sqlstore.New(db, dialect)
		if err := store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		now, buckets := time.Now(), []ratelimit.Bucket{{Key: "full", Amount: 1, Per: time.Hour}, {Key: "other", Amount: 1, Per: time.Hour}}
		if refusal, err := store.ChargeBuckets(t.Context(), now, "first", buckets); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("SELECT hits FROM allauth_rate_limits FOR UPDATE"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		refusal, err := store.ChargeBuckets(ctx, now, "second", buckets)
		if err != nil || refusal == nil || refusal.Key != "full" {
			t.Errorf("%s: %v, %v", driver, refusal, err)
		}
		cancel()
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// Another attempt fills a bucket after this one has read it: the statement that
// charges both of its buckets misses one, and the other one is refunded. A
// transaction of the caller continues.
func TestAnAttemptThatAnotherOneOvertakes(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"pgx", "mysql"} {
		db, dialect := openServer(t, driver)
		if db == nil {
			continue
		}
		store := sqlstore.New(db, dialect)
		if err := store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		charge := func(ctx context.Context, id string, wantFull string, buckets ...ratelimit.Bucket) {
			refusal, err := store.ChargeBuckets(ctx, now, id, buckets)
			full := ""
			if refusal != nil {
				full = refusal.Key
			}
			if err != nil || full != wantFull {
				t.Errorf("%s, attempt %s: %q is full, %v", driver, id, full, err)
			}
		}
		alone := func(ctx context.Context, f func(ctx context.Context) error) error { return f(ctx) }
		for where, inside := range map[string]func(context.Context, func(context.Context) error) error{"alone": alone, "in a transaction": store.InTx} {
			// The row of the full one is locked last, as its key says.
			full := ratelimit.Bucket{Key: where + " b", Amount: 2, Per: time.Hour}
			free := ratelimit.Bucket{Key: where + " a", Amount: 2, Per: time.Hour}
			charge(t.Context(), "first", "", full)
			charge(t.Context(), "first", "", free)
			done := make(chan error, 1)
			err := store.InTx(t.Context(), func(ctx context.Context) error {
				charge(ctx, "second", "", full)
				go func() {
					done <- inside(t.Context(), func(ctx context.Context) error {
						charge(ctx, "overtaken", full.Key, full, free)
						charge(ctx, "third", "", free)
						return nil
					})
				}()
				awaitLock(t, db, dialect)
				return nil
			})
			if err := errors.Join(err, <-done); err != nil {
				t.Errorf("%s, %s: %v", driver, where, err)
			}
			charge(t.Context(), "fourth", free.Key, free)
		}
	}
}

// awaitLock waits until a connection to the database waits for a lock.
func awaitLock(t *testing.T, db *sql.DB, dialect sqlstore.Dialect) {
	t.Helper()
	query := "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'INSERT%rate_limits%'"
	if dialect == sqlstore.Postgres {
		query = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		var waiting int
		if err := db.QueryRow(query).Scan(&waiting); err != nil {
			t.Error(err)
			return
		}
		if waiting > 0 {
			return
		}
	}
	t.Error("no statement waits for a lock")
}

// Attempts that share some of their buckets do not deadlock, which PostgreSQL
// detects only after a second: many concurrent ones, while the rows are new and
// later.
func TestParallelAttemptsMeetInNoDeadlock(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"pgx", "mysql"} {
		db, dialect := openServer(t, driver)
		if db == nil {
			continue
		}
		store := sqlstore.New(db, dialect)
		if err := store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for caller := range 48 {
			group.Go(func() {
				for round := range 8 {
					var buckets []ratelimit.Bucket
					for i := range 6 {
						buckets = append(buckets, ratelimit.Bucket{Key: fmt.Sprint(round/2, "-", (caller*5+i*(1+caller%2*10))%12), Amount: 1000, Per: time.Hour})
					}
					id, now := fmt.Sprint(caller, "-", round), time.Now()
					if refusal, err := store.ChargeBuckets(t.Context(), now, id, buckets); refusal != nil || err != nil {
						t.Errorf("%s: %v, %v", driver, refusal, err)
					}
					var err error
					if caller%2 == 0 {
						err = store.RefundBuckets(t.Context(), now, id, buckets)
					} else {
						err = store.ResetBuckets(t.Context(), []string{buckets[3].Key, buckets[0].Key})
					}
					if err != nil {
						t.Errorf("%s: %v", driver, err)
					}
				}
			})
		}
		group.Wait()
		if driver != "pgx" {
			continue // the number is that of the whole server
		}
		var deadlocks int
		if err := db.QueryRow("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&deadlocks); err != nil || deadlocks > 0 {
			t.Errorf("%d deadlocks, %v", deadlocks, err)
		}
	}
}
