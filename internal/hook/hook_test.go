package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/allauth-go/allauth/authn"
)

func host(log *bytes.Buffer) *Host {
	return &Host{Logger: slog.New(slog.NewTextHandler(log, nil)), Timeout: time.Second}
}

func TestAnErrorIsReturnedAsItIs(t *testing.T) {
	t.Parallel()
	refusal := &authn.Error{Code: "no"}
	var none *authn.Error
	var noList authn.Errors
	other := errors.New("other")
	for name, c := range map[string]struct{ returned, want error }{
		"nil": {nil, nil}, "other": {other, other}, "one": {refusal, refusal},
		"wrapped": {fmt.Errorf("wrapped: %w", refusal), refusal}, "list": {authn.Errors{refusal}, refusal},
		"typed nil": {none, nil}, "list of none": {noList, nil}, "empty list": {authn.Errors{}, nil},
		"list of nil": {authn.Errors{nil}, nil}, "nil among others": {authn.Errors{nil, refusal}, refusal},
	} {
		got := host(&bytes.Buffer{}).Hook("f").Do(context.Background(), func(context.Context) error { return c.returned })
		var many authn.Errors
		if errors.As(got, &many) {
			got = many[0]
		}
		if (got == nil) != (c.want == nil) || !errors.Is(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAPanicIsLoggedWithoutSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := host(&log).Hook("Config.F")
	for name, value := range map[string]any{"text": "no route to host for hunter2", "error": errors.New("no route to host"), "other": []any{"no route to host"}} {
		log.Reset()
		err := h.Do(context.Background(), func(context.Context) error { panic(value) }, "hunter2", "")
		if !errors.Is(err, ErrPanic) || !strings.Contains(err.Error(), "Config.F") || strings.Contains(err.Error(), "route") {
			t.Errorf("%s: %v", name, err)
		}
		got := log.String()
		if !strings.Contains(got, "no route to host") || !strings.Contains(got, "Config.F") || !strings.Contains(got, "hook_test.go") || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if err := h.Do(context.Background(), func(context.Context) error { panic(nil) }); !errors.Is(err, ErrPanic) {
		t.Errorf("panic(nil): %v", err)
	}
	if err := h.Do(context.Background(), func(context.Context) error { runtime.Goexit(); return nil }); !errors.Is(err, errGoexit) {
		t.Errorf("Goexit: %v", err)
	}
}

// A handler that panics does not end the process.
type panics struct{ slog.Handler }

func (panics) Enabled(context.Context, slog.Level) bool { panic("enabled") }

func TestALoggerThatPanicsIsSurvived(t *testing.T) {
	t.Parallel()
	h := (&Host{Logger: slog.New(panics{}), Timeout: time.Second}).Hook("f")
	if err := h.Do(context.Background(), func(context.Context) error { panic("x") }); !errors.Is(err, ErrPanic) {
		t.Error(err)
	}
}

func TestCallsThatNeverReturnDoNotPileUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := host(&log).Hook("f")
		var calls atomic.Int64
		release := make(chan struct{})
		block := func(context.Context) error { calls.Add(1); <-release; return nil }
		begin := time.Now()
		for range 100 {
			if err := h.Do(context.Background(), block); err == nil {
				t.Fatal("a call that blocks succeeded")
			}
		}
		if calls.Load() != maxAbandoned {
			t.Errorf("%d calls", calls.Load())
		}
		if took := time.Since(begin); took != maxAbandoned*time.Second {
			t.Errorf("they took %v", took)
		}
		if n := strings.Count(log.String(), "did not return"); n != 100 {
			t.Errorf("%d lines in the log", n)
		}
		close(release)
		synctest.Wait()
		if err := h.Do(context.Background(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("after they returned: %v", err)
		}
	})
}

func TestParallelCallsThatBlockAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := host(&bytes.Buffer{}).Hook("f")
		release, failed := make(chan struct{}), make(chan error)
		for range 10 * maxRunning {
			go func() { failed <- h.Do(context.Background(), func(context.Context) error { <-release; return nil }) }()
		}
		synctest.Wait()
		if running := len(h.running); running != maxRunning {
			t.Errorf("%d run", running)
		}
		for range 10 * maxRunning {
			if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		close(release)
		synctest.Wait()
		if len(h.running) != 0 || h.abandoned.Load() != 0 {
			t.Errorf("%d run, %d abandoned", len(h.running), h.abandoned.Load())
		}
	})
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := host(&bytes.Buffer{}).Hook("f")
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		ended := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		if err := h.Do(ctx, ended); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		cancelled, cancel := context.WithCancel(context.Background())
		cancel()
		if err := h.Do(cancelled, ended); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		synctest.Wait()
		if h.abandoned.Load() != 0 {
			t.Error("calls that returned count as abandoned")
		}
	})
}
