package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// AddEmails stores what AddEmail would, one call after the other, also if several
// servers adopt the same users at once.
func TestManyAddressesAreAddedAtOnce(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"sqlite", "pgx", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			db, dialect := openServer(t, driver)
			if db == nil {
				t.Skip("there is no server")
			}
			store := sqlstore.New(db, dialect)
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			now := time.Now().UTC().Truncate(time.Microsecond)
			row := func(user, email string, verified bool) account.EmailAddress {
				return account.EmailAddress{UserID: user, Email: email, Verified: verified, Primary: true, CreatedAt: now}
			}
			for _, a := range []account.EmailAddress{row("owner", "verified@example.org", true), row("earlier", "claimed@example.org", false)} {
				if err := store.AddEmail(t.Context(), a, true); err != nil {
					t.Fatal(err)
				}
			}
			list := []account.EmailAddress{
				row("1", "verified@example.org", true), // taken: it is added as unverified
				row("2", "claimed@example.org", true),  // takes the claim of the earlier user
				row("3", "twice@example.org", false), row("4", "twice@example.org", false),
				row("owner", "verified@example.org", false), // has it: it stays verified
			}
			const many = 250
			for i := range many {
				list = append(list, row(fmt.Sprintf("many%d", i), fmt.Sprintf("user%d@example.org", i), false))
			}
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					if err := store.AddEmails(t.Context(), list...); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			for email, want := range map[string]string{
				"verified@example.org": "owner:true 1:false ",
				"claimed@example.org":  "2:true earlier:false ",
				"twice@example.org":    "3:false 4:false ",
				"user249@example.org":  "many249:false ",
			} {
				got := ""
				owners, err := store.EmailsByAddress(t.Context(), email)
				for _, a := range owners {
					got += fmt.Sprintf("%s:%v ", a.UserID, a.Verified)
					if !a.Primary || !a.CreatedAt.Equal(now) {
						t.Errorf("%+v", a)
					}
				}
				if err != nil || got != want {
					t.Errorf("%s: %q, want %q, %v", email, got, want, err)
				}
			}
			// An address that was added is claimed, as one of AddEmail.
			if err := store.AddEmail(t.Context(), row("late", "user1@example.org", false), true); err == nil {
				t.Error("a later user claims an added address")
			}
			if err := store.AddEmails(t.Context()); err != nil {
				t.Errorf("no addresses: %v", err)
			}
		})
	}
}
