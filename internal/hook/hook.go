// Package hook calls functions of the host, with a time limit. A panic of such a
// function, or one that blocks, ends neither the process nor the request. The number of
// calls that do not return is limited.
package hook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	// maxRunning is how many calls of one function may run at the same time.
	maxRunning = 64
	// maxAbandoned is how many calls of one function may go on after their time limit.
	// The function is not called again until one of them returns.
	maxAbandoned = 8
)

// ErrPanic means that the function panicked.
var ErrPanic = errors.New("the function panicked")

var (
	errGoexit    = errors.New("the function ended its goroutine")
	errAbandoned = fmt.Errorf("%d earlier calls have not returned", maxAbandoned)
)

// Failure is the value with which a wrapper without an error result panics, in the
// goroutine of the request, after Hook.Do has failed.
type Failure struct{ Err error }

// Host holds what all functions of the host have in common.
type Host struct {
	// Logger logs panics. Nil: slog.Default.
	Logger *slog.Logger
	// Timeout limits each call.
	Timeout time.Duration
}

// Hook is one function of the host. It is safe for concurrent use.
type Hook struct {
	host      *Host
	name      string
	running   chan struct{}
	abandoned atomic.Int32
}

// Hook returns a Hook for the function with that name. Errors and log records use the
// name.
func (h *Host) Hook(name string) *Hook {
	return &Hook{host: h, name: name, running: make(chan struct{}, maxRunning)}
}

// Do calls f in a goroutine of its own, with a context that ends at the time limit, and
// returns the error of f, or nil for an empty authn.Errors. It returns at the latest
// when its context ends. Returns ErrPanic if f panicked, and the error of the context
// if f did not return in time. The secrets are removed from log records.
func (h *Hook) Do(ctx context.Context, f func(ctx context.Context) error, secrets ...string) error {
	ctx, cancel := context.WithTimeout(ctx, h.host.Timeout)
	defer cancel()
	if h.abandoned.Load() >= maxAbandoned {
		return h.failed(ctx, errAbandoned)
	}
	select {
	case h.running <- struct{}{}:
	case <-ctx.Done():
		return h.failed(ctx, ctx.Err())
	}
	returned := make(chan error, 1)
	waits := new(atomic.Bool) // true while Do waits for f
	waits.Store(true)
	go func() {
		err := fmt.Errorf("%s: %w", h.name, errGoexit)
		defer func() {
			<-h.running
			if !waits.CompareAndSwap(true, false) {
				h.abandoned.Add(-1)
			}
			returned <- err
		}()
		err = h.call(ctx, f, secrets)
	}()
	select {
	case err := <-returned:
		return problems(err)
	case <-ctx.Done():
	}
	h.abandoned.Add(1)
	if !waits.CompareAndSwap(true, false) { // f has returned meanwhile
		h.abandoned.Add(-1)
		return problems(<-returned)
	}
	return h.failed(ctx, ctx.Err())
}

// call calls f and turns a panic into an error.
func (h *Hook) call(ctx context.Context, f func(ctx context.Context) error, secrets []string) (err error) {
	defer func() {
		if value := recover(); value != nil {
			LogPanic(ctx, h.host.Logger, h.name, value, debug.Stack(), secrets...)
			err = fmt.Errorf("%s: %w", h.name, ErrPanic)
		}
	}()
	return f(ctx)
}

func (h *Hook) failed(ctx context.Context, err error) error {
	err = fmt.Errorf("%s: %w", h.name, err)
	if !errors.Is(err, context.Canceled) {
		logger(h.host.Logger).ErrorContext(ctx, "a function of the host did not return in time", "error", err)
	}
	return err
}

func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.Default()
	}
	return l
}
