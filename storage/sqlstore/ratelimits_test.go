package sqlstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// An attempt that is refused waits for no lock: another transaction holds the row
// of the bucket meanwhile.
func TestARefusedAttemptWaitsForNobody(t *testing.T) {
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
