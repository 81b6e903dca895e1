package storage

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
)

// Store is everything the library keeps: the sum of what its rooms need.
// Implementations must be safe for concurrent use, and pass storetest.Run.
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
	Keeper
	// Base returns the store without the parts that a host keeps elsewhere. Work
	// for accounts that do not exist, which must cost as much as the same for those
	// that do, is done there: it never reaches a part of the host. A store without
	// such parts returns itself.
	Base() Store
}

// Keeper removes what is no longer needed.
type Keeper interface {
	// Clean deletes at most limit rows that expired before now and returns how
	// many it deleted: sessions, challenges, refresh tokens, counters, and among
	// the messages those of [notify.ChannelDecoy]. Fewer than limit means that it is done for now.
	Clean(ctx context.Context, now time.Time, limit int) (int, error)
	// ForgetUser deletes every row of the user, in one transaction. A user
	// without rows is not an error. Users that live in the host's own table
	// stay there.
	ForgetUser(ctx context.Context, userID string) error
}
