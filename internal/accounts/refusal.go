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
	// costAge is how long a measured cost is used.
	costAge = time.Minute
	// costTimeout limits the time that a measurement takes.
	costTimeout = 10 * time.Second
)

// refusals delays the answer to a wrong password until the costliest stored hash could
// have been computed, whichever hash was. Otherwise the time would show which accounts
// have a hash that was imported from another system. It is safe for concurrent use.
type refusals struct {
	costliest func(ctx context.Context) (time.Duration, error)
	// now is the clock for the age of a cost. Hashes are timed by the machine's clock.
	now    func() time.Time
	logger *slog.Logger

	mu   sync.Mutex
	last *cost
	// slowest is the time of the slowest recent hash, of any format.
	slowest time.Duration
}

// cost is the time that a hash of the costliest format takes.
type cost struct {
	at       time.Time     // when the measurement started
	measured chan struct{} // closed once the fields below are set
	// since is when the measurement ended.
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

// begin returns the cost to pass to wait. It is called before a password is compared, so
// that it does not depend on the account. Once a minute it starts a measurement in the
// background, for which a right password does not wait.
func (r *refusals) begin() *cost {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.last != nil && r.last.isCurrent(now) {
		return r.last
	}
	c := &cost{at: now, measured: make(chan struct{})}
	if r.last != nil {
		c.hash = r.last.hash
	}
	r.last = c
	r.slowest -= r.slowest / 4
	go r.measure(c)
	return c
}

// Close waits until no measurement reads the store, or returns the error of ctx if ctx
// ends first.
func (s *Service) Close(ctx context.Context) error {
	s.refusals.mu.Lock()
	last := s.refusals.last
	s.refusals.mu.Unlock()
	if last == nil {
		return nil
	}
	select {
	case <-last.measured:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isCurrent reports whether the cost need not be measured again. It returns true during
// a measurement, so that there is one at a time.
func (c *cost) isCurrent(now time.Time) bool {
	select {
	case <-c.measured:
		return !c.failed && now.Sub(c.at).Abs() < costAge
	default:
		return true
	}
}

// measure measures the cost. If that fails, the earlier cost is kept, and the next call
// of begin starts another measurement.
func (r *refusals) measure(c *cost) {
	defer close(c.measured)
	ctx, cancel := context.WithTimeout(context.Background(), costTimeout)
	defer cancel()
	hash, err := r.callCostliest(ctx)
	if err != nil {
		r.logger.WarnContext(ctx, "cannot measure the cost of the stored password hashes", "error", err)
		c.failed = true
	} else {
		c.hash = withMargin(hash)
	}
	c.since = time.Now()
}

// callCostliest calls r.costliest and recovers from panics of the host's store.
func (r *refusals) callCostliest(ctx context.Context) (hash time.Duration, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = hook.Recovered(ctx, r.logger, "NextPasswordHash", value)
		}
	}()
	return r.costliest(ctx)
}

// withMargin adds a margin to the time of a hash, which takes longer on a busier machine.
func withMargin(hash time.Duration) time.Duration { return hash + hash/2 }

// maxSlowdown is how many times longer than usual a refusal may take after a slow hash.
const maxSlowdown = 8

// observe records the time of the hashes of a comparison. If the machine is busier than
// at the measurement, refusals take longer after the first slow hash.
func (r *refusals) observe(done password.Comparison) {
	if done.Hashes == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slowest = max(r.slowest, done.Took/time.Duration(done.Hashes))
}

// hash returns the time of a hash of the costliest format on the machine as busy as it
// is.
func (r *refusals) hash(c *cost) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return min(maxSlowdown*c.hash, max(c.hash, withMargin(r.slowest)))
}

// wait returns when the refusal of a password that was compared like this may be sent,
// at the latest when ctx ends.
func (r *refusals) wait(ctx context.Context, c *cost, done password.Comparison) {
	select {
	case <-c.measured:
	case <-ctx.Done():
		return
	}
	from := done.Began
	if c.since.After(from) {
		from = c.since // the time must not show whether the comparison ended before the measurement
	}
	timer := time.NewTimer(time.Until(from.Add(time.Duration(done.Hashes) * r.hash(c))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
