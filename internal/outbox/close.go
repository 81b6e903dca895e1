package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// grace is how long Close waits, after its context ended, for senders to notice
// and for the store to take note.
const grace = 2 * storeTimeout

// Close stops the worker, waits for deliveries under way, and then delivers
// what is due, each entry once, until nothing is left or ctx ends. What could
// not be delivered stays in the store for the next run. It returns ctx's error
// if time ran out, or the store's. Further calls wait for the first one.
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

// drain delivers what is due.
func (o *Outbox) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		for range cap(o.slots) {
			o.slots <- struct{}{} // all are free: nobody else delivers any more
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
// a moment after ctx.
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
	case <-time.After(grace):
		return fmt.Errorf("outbox: close: %w", errors.Join(ctx.Err(), errors.New("a sender ignores its context")))
	}
}
