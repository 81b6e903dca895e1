package accounts

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/hook"
)

const (
	// costAge is how long a server relies on what it found out about the stored
	// hashes.
	costAge = time.Minute
	// costTimeout bounds the time in which it finds out.
	costTimeout = 10 * time.Second
)

// refusals make the answer to a refused password come after the time of the
// costliest hash that is stored, whichever hash was computed: with hashes of other
// systems in the store, the time would tell which accounts have one. It is safe
// for concurrent use.
type refusals struct {
	costliest func(ctx context.Context) (time.Duration, error)
	// now says how old a cost is. Hashes take real time, so that is measured and
	// waited for by the machine's clock.
	now    func() time.Time
	logger *slog.Logger

	mu   sync.Mutex
	last *cost
	// slowest is how long the slowest hash has taken lately, of any format.
	slowest time.Duration
}

// cost is how long a hash of the costliest format takes.
type cost struct {
	at    time.Time     // when it was asked for
	known chan struct{} // closed once the rest is set
	// since is when it became known.
	since  time.Time
	hash   time.Duration
	failed bool
}

func newRefusals(store account.PasswordStore, hasher *password.Hasher, now func() time.Time, logger *slog.Logger) *refusals {
	next := func(ctx context.Context, from string) (string, error) {
		hash, err := store.NextPasswordHash(ctx, from)
		if errors.Is(err, authn.ErrNotFound) {
			return "", nil
		}
		return hash, err
	}
	return &refusals{now: now, logger: logger, costliest: func(ctx context.Context) (time.Duration, error) {
		return hasher.Costliest(ctx, next)
	}}
}

// begin is called before a password is compared. Every minute the cost is found
// out anew, in the background: a right password does not wait for it. It begins
// before the comparison, so that nothing of it depends on the account.
func (r *refusals) begin() *cost {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.last != nil && r.last.lasts(now) {
		return r.last
	}
	c := &cost{at: now, known: make(chan struct{})}
	if r.last != nil {
		c.hash = r.last.hash
	}
	r.last = c
	r.slowest -= r.slowest / 4
	go r.find(c)
	return c
}

// Close waits until nothing that began in the background reads the store any
// more, or until ctx ends.
func (s *Service) Close(ctx context.Context) error {
	s.refusals.mu.Lock()
	last := s.refusals.last
	s.refusals.mu.Unlock()
	if last == nil {
		return nil
	}
	select {
	case <-last.known:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lasts reports whether the cost need not be found out anew: at most one caller
// does so at a time.
func (c *cost) lasts(now time.Time) bool {
	select {
	case <-c.known:
		return !c.failed && now.Sub(c.at).Abs() < costAge
	default:
		return true
	}
}

// find finds out the cost. If it fails, the earlier one stays, and the next
// attempt tries again.
func (r *refusals) find(c *cost) {
	defer close(c.known)
	ctx, cancel := context.WithTimeout(context.Background(), costTimeout)
	defer cancel()
	hash, err := r.ask(ctx)
	if err != nil {
		r.logger.WarnContext(ctx, "the cost of the stored password hashes is not known", "error", err)
		c.failed = true
	} else {
		c.hash = withMargin(hash)
	}
	c.since = time.Now()
}

// ask returns the cost. The store may be the host's, and panic.
func (r *refusals) ask(ctx context.Context) (hash time.Duration, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = hook.Recovered(ctx, r.logger, "NextPasswordHash", value)
		}
	}()
	return r.costliest(ctx)
}

// withMargin is the time after which all hashes are done that take about as long:
// the same hash takes longer on a busier machine.
func withMargin(hash time.Duration) time.Duration { return hash + hash/2 }

// maxSlowdown bounds how many times as long as usual a refusal takes after a hash
// that took very long.
const maxSlowdown = 8

// observe takes note of how long hashes take now. The machine may be busier than
// when the cost was measured: after the first costly hash that takes longer, all
// refusals do.
func (r *refusals) observe(done password.Comparison) {
	if done.Hashes == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slowest = max(r.slowest, done.Took/time.Duration(done.Hashes))
}

// hash returns how long a hash of the costliest format takes now.
func (r *refusals) hash(c *cost) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return min(maxSlowdown*c.hash, max(c.hash, withMargin(r.slowest)))
}

// wait returns when a password may be refused that was compared like this. It
// holds nothing meanwhile, and ends with the context.
func (r *refusals) wait(ctx context.Context, c *cost, done password.Comparison) {
	select {
	case <-c.known:
	case <-ctx.Done():
		return
	}
	from := done.Began
	if c.since.After(from) {
		from = c.since // the comparison was over before this, or was not: that must not show
	}
	timer := time.NewTimer(time.Until(from.Add(time.Duration(done.Hashes) * r.hash(c))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
