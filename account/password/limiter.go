package password

import (
	"context"
	"time"
)

// limiter bounds the number of hashes that are computed at once, and of callers
// that wait, so that a flood of logins cannot exhaust the memory or the
// processors.
type limiter struct {
	slots   chan struct{}
	waiting chan struct{}
	maxWait time.Duration
}

func newLimiter(slots, queue int, maxWait time.Duration) *limiter {
	return &limiter{make(chan struct{}, slots), make(chan struct{}, queue), maxWait}
}

// run calls f when a slot is free. It returns ErrBusy if too many callers wait
// already, or if the wait is too long.
func (l *limiter) run(ctx context.Context, f func()) error {
	select {
	case l.slots <- struct{}{}:
	default:
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
	defer func() { <-l.slots }()
	f()
	return nil
}

func (l *limiter) wait(ctx context.Context) error {
	select {
	case l.waiting <- struct{}{}:
	default:
		return ErrBusy
	}
	defer func() { <-l.waiting }()
	timer := time.NewTimer(l.maxWait)
	defer timer.Stop()
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}
