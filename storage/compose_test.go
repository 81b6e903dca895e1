package storage_test

import (
	"testing"

	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
	"github.com/allauth-go/allauth/storage/storetest"
)

// A store of which every part was replaced, here by those of another store, is
// a whole store.
func TestComposedStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storage.Store {
		other := memstore.New()
		return storage.WithSessions(storage.WithChallenges(memstore.New(), other), other)
	}, storetest.Elsewhere("Sessions", "Challenges"))
	storetest.Run(t, func(*testing.T) storage.Store {
		base := memstore.New()
		return storage.WithUsers(storage.WithPasswords(storage.WithEmails(base, base), base), base)
	})
}

// The counters of the main store are found behind what is put in front of it.
func TestRateLimitsOfAComposedStore(t *testing.T) {
	t.Parallel()
	other, counting := memstore.New(), sqlstore.New(nil, sqlstore.SQLite)
	composed := storage.WithSessions(storage.WithChallenges(storage.WithUsers(counting, other), other), other)
	if storage.RateLimits(composed) != counting {
		t.Error("the counters of the main store are not found")
	}
	if counters := storage.RateLimits(storage.WithUsers(other, other)); counters != nil {
		t.Errorf("a store without counters has %T", counters)
	}
}
