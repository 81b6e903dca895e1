// Package hook calls the functions of the host. Such a function may panic, block,
// or return late: it ends neither the process nor the request, and calls that
// never return do not pile up.
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
	// maxRunning is how many calls of one function run at the same time.
	maxRunning = 64
	// maxAbandoned is how many calls of one function may go on after their time
	// was up. Until one of them returns, the function is not called.
	maxAbandoned = 8
)

// ErrPanic means that the function panicked.
var ErrPanic = errors.New("the function panicked")

var (
	errGoexit    = errors.New("the function ended its goroutine")
	errAbandoned = fmt.Errorf("%d earlier calls have not returned", maxAbandoned)
)

// Failure is what a function without an error result panics with, in the
// goroutine of the request, where Hook.Do failed.
type Failure struct{ Err error }

// Host is where functions of the host come from.
type Host struct {
	// Logger gets the panics. Nil: slog.Default.
	Logger *slog.Logger
	// Timeout bounds each call.
	Timeout time.Duration
}

// Hook is one function of the host. It is safe for concurrent use.
type Hook struct {
	host      *Host
	name      string
	running   chan struct{}
	abandoned atomic.Int32
}

// Hook returns the function with that name, as errors and the log call it.
func (h *Host) Hook(name string) *Hook {
	return &Hook{host: h, name: name, running: make(chan struct{}, maxRunning)}
}

// Do calls f in a goroutine of its own, with a context that ends with the time
// limit, and returns f's error: nil for an empty list of problems. It does not
// wait longer than its context. Errors are ErrPanic if f panicked, and the error
// of the context. The secrets are left out of what is logged.
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
	waits := new(atomic.Bool) // whether Do waits for f
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
	if !waits.CompareAndSwap(true, false) { // it has just returned
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
