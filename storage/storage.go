package storage

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/users"
)

// Store stores everything that the library keeps. Implementations must be safe
// for concurrent use, and pass storetest.Run.
type Store interface {
	authn.UserStore
	authn.Transactor
	authn.ChallengeStore
	sessions.Store
	token.Store
	account.Store
	socialaccount.Store
	mfa.Store
	notify.Store
	ratelimit.Store
	users.DeletionStore
	audit.Store
	Keeper
	// Directory returns the directory of the store's users. It is nil if the store
	// cannot list and change them: that of a host which embeds a store of this module
	// and overrides CreateUser and UserByID returns one of its own, or nil.
	Directory() users.Directory
	// Base returns the store without the parts that the host keeps elsewhere.
	// Decoys, which make a request for an unknown account do the same work as for
	// a known one, are stored there: they never reach a part of the host. A store
	// without such parts returns itself.
	Base() Store
}

// Status is what a health check and a diagnosis ask a store.
type Status struct {
	// Clock is the time of the database. Zero: it uses the clock of the server.
	Clock time.Time
	// PendingMigrations is how many migrations of this version have not run.
	PendingMigrations int
	// Volatile is true if everything is lost when the process ends.
	Volatile bool
}

// Keeper deletes rows that are no longer needed, and says how the store is.
type Keeper interface {
	// Status returns the state of the store. An error means that the store cannot be
	// used now, for example because the database is down. Missing tables are no error.
	Status(ctx context.Context) (Status, error)
	// Clean deletes at most limit rows that expired before now, and returns how
	// many it deleted: sessions, challenges, refresh tokens, counters, events, and
	// messages of [notify.ChannelDecoy]. A result below limit means that no more
	// rows have expired.
	Clean(ctx context.Context, now time.Time, limit int) (int, error)
	// ForgetUser deletes all rows of the user, in one transaction, and calls
	// ForgetEvents. It is not an error if there are none. Users in the host's own
	// table are kept.
	ForgetUser(ctx context.Context, userID string) error
}
