package provider

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// shared is a document of a provider that many logins use: it is fetched once for
// all who wait for it, and kept for a while. A failure is not kept. The zero value
// is empty; it is safe for concurrent use.
type shared[T any] struct {
	mu      sync.Mutex
	value   *T
	fetched time.Time
	running *fetching[T]
}

// fetching is one fetch and its outcome, which is there once done is closed.
type fetching[T any] struct {
	done  chan struct{}
	value *T
	err   error
}

// current returns what was fetched last and when, nil if nothing was.
func (s *shared[T]) current() (*T, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value, s.fetched
}

// refresh fetches the document, or waits for whoever is at it already. The fetch
// does not end with the caller who began it, as others may wait too: its client's
// timeout ends it.
func (s *shared[T]) refresh(ctx context.Context, now func() time.Time, fetch func(context.Context) (*T, error)) (*T, error) {
	s.mu.Lock()
	f := s.running
	if f == nil {
		f = &fetching[T]{done: make(chan struct{})}
		s.running = f
		go func() {
			f.value, f.err = recovered(context.WithoutCancel(ctx), fetch)
			s.mu.Lock()
			defer s.mu.Unlock()
			if f.err == nil {
				s.value, s.fetched = f.value, now()
			}
			s.running = nil
			close(f.done)
		}()
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

// recovered calls fetch and turns a panic into an error: nothing else would catch
// it in a goroutine of its own.
func recovered[T any](ctx context.Context, fetch func(context.Context) (*T, error)) (value *T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: panic: %v\n%s", ErrUnavailable, v, debug.Stack())
		}
	}()
	return fetch(ctx)
}
