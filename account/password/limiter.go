package password

import (
	"context"
	"time"
)

// limiter bounds the hashes that are computed at once, and the callers that
// wait: a flood of logins can neither exhaust the memory nor starve the rest.
type limiter struct {
	slots   chan struct{}
	waiting chan struct{}
	maxWait time.Duration
}

func newLimiter(slots, queue int, maxWait time.Duration) *limiter {
	return &limiter{make(chan struct{}, slots), make(chan struct{}, queue), maxWait}
}

// run calls f when a slot is free. ErrBusy if too many wait already, or for too
// long.
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
