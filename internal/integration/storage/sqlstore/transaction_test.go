package sqlstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// TestADeadlockUndoesATransaction has two transactions wait for each other, and
// go on whatever comes of it. MySQL has undone one of them by then, and would
// store what follows: of each either all is stored or nothing.
func TestADeadlockUndoesATransaction(t *testing.T) {
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
		for _, name := range []string{"a", "b"} {
			if err := store.SwapPasswordHash(t.Context(), name, "", "old"); err != nil {
				t.Fatal(err)
			}
		}
		var errs [2]error
		ready := [2]chan bool{make(chan bool), make(chan bool)}
		clienttest.Parallel(2, func(i int) {
			own, other := string(rune('a'+i)), string(rune('b'-i))
			errs[i] = store.InTx(t.Context(), func(ctx context.Context) error {
				if err := store.ClaimUsername(ctx, own, "before "+own); err != nil {
					return err
				}
				if err := store.SwapPasswordHash(ctx, own, "old", own); err != nil {
					return err
				}
				close(ready[i])
				<-ready[1-i]
				_ = store.SwapPasswordHash(ctx, other, "old", own) // one of them is the victim
				_ = store.ClaimUsername(ctx, own, "after "+own)
				return nil
			})
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("%s: %v, %v: there was no deadlock", driver, errs[0], errs[1])
		}
		for i, err := range errs {
			name := string(rune('a' + i))
			for _, claim := range []string{"before ", "after "} {
				_, missing := store.UserIDByUsername(t.Context(), claim+name)
				if errors.Is(missing, authn.ErrNotFound) != (err != nil) {
					t.Errorf("%s: the transaction returned %v, what it did %sthe deadlock: %v", driver, err, claim, missing)
				}
			}
		}
	}
}
