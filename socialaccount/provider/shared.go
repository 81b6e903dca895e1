package provider

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// shared is a document of a provider that many logins use. It is fetched once for
// all concurrent callers, and cached. A failure is not cached. The zero value is
// empty. It is safe for concurrent use.
type shared[T any] struct {
	mu      sync.Mutex
	value   *T
	fetched time.Time
	running *fetching[T]
}

// fetching is one fetch. Its result is set once done is closed.
type fetching[T any] struct {
	done  chan struct{}
	value *T
	err   error
}

// current returns the document that was fetched last, and when; nil if none was.
func (s *shared[T]) current() (*T, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value, s.fetched
}

// refresh fetches the document, or waits for the fetch of a concurrent caller.
// The fetch does not end with the context of its caller, as others may wait for
// it: the timeout of the client ends it.
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

// recovered calls fetch and turns a panic into an error, as fetch runs in a
// goroutine of its own.
func recovered[T any](ctx context.Context, fetch func(context.Context) (*T, error)) (value *T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: panic: %v\n%s", ErrUnavailable, v, debug.Stack())
		}
	}()
	return fetch(ctx)
}
