package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// closeGrace is how long Close waits, after its context has ended, for senders to
// return and for results to be stored.
const closeGrace = 2 * storeTimeout

// Close stops the worker, waits for the deliveries in flight, and then tries to deliver
// each due entry once, until none is left or ctx ends. Entries that could not be
// delivered stay in the store for the next run. Returns the error of ctx or of the
// store. Later calls wait for the first one.
func (o *Outbox) Close(ctx context.Context) error {
	o.mu.Lock()
	first := !o.closing
	if first {
		o.closing = true
		close(o.stop)
	}
	o.mu.Unlock()
	if !first {
		select {
		case <-o.done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("outbox: close: %w", ctx.Err())
		}
	}
	defer close(o.done)
	defer o.abort()
	defer context.AfterFunc(ctx, o.abort)()
	if err := o.wait(ctx); err != nil {
		return err
	}
	return o.drain(ctx)
}

// drain delivers the entries that are due.
func (o *Outbox) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		for range cap(o.slots) {
			o.slots <- struct{}{} // all are free, as the dispatcher has stopped
		}
		claimed, err := o.claimAndDeliver(ctx, cap(o.slots))
		if failed := o.wait(ctx); failed != nil {
			return failed
		}
		if err != nil {
			return fmt.Errorf("outbox: close: claim messages: %w", err)
		}
		if claimed == 0 {
			return nil
		}
	}
	return fmt.Errorf("outbox: close: %w", ctx.Err())
}

// wait returns when the dispatcher and all deliveries have ended, at the latest
// closeGrace after ctx. Returns the error of ctx if ctx ended first.
func (o *Outbox) wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		o.tasks.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-ended:
		return fmt.Errorf("outbox: close: %w", ctx.Err())
	case <-time.After(closeGrace):
		return fmt.Errorf("outbox: close: %w", errors.Join(ctx.Err(), errors.New("a sender ignores its context")))
	}
}
