package hook

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// LogPanic logs the value and the stack of a panic in the function with that name. The
// value is redacted. LogPanic does not panic, even if the logger does.
func LogPanic(ctx context.Context, l *slog.Logger, name string, value any, stack []byte, secrets ...string) {
	defer func() { _ = recover() }()
	logger(l).ErrorContext(ctx, "panic", "in", name, "value", Redact(fmt.Sprint(value), secrets...), "stack", string(stack))
}

// Recovered returns an error for the value of a panic. It logs the panic unless the
// value is a Failure, which was logged by its hook.
func Recovered(ctx context.Context, l *slog.Logger, name string, value any) error {
	if failure, ok := value.(Failure); ok {
		return failure.Err
	}
	LogPanic(ctx, l, name, value, debug.Stack())
	return fmt.Errorf("%s: %w", name, ErrPanic)
}
