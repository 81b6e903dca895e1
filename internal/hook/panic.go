package hook

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
)

const (
	// maxValue is how much of a panic's value is logged, in bytes.
	maxValue = 1000
	// minSecret is the length of the shortest secret that is removed from the value.
	minSecret = 4
)

// LogPanic logs the value and the stack of a panic in the function with that name. The
// secrets are removed from the value. LogPanic does not panic, even if the logger does.
func LogPanic(ctx context.Context, l *slog.Logger, name string, value any, stack []byte, secrets ...string) {
	defer func() { _ = recover() }()
	text := fmt.Sprint(value)
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	if len(text) > maxValue {
		text = strings.ToValidUTF8(text[:maxValue], "") + "…"
	}
	logger(l).ErrorContext(ctx, "panic", "in", name, "value", text, "stack", string(stack))
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

// Words returns the texts and their words, which may be secrets such as codes and
// links.
func Words(texts ...string) []string {
	var words []string
	for _, text := range texts {
		words = append(words, text)
		for _, word := range strings.Fields(text) {
			words = append(words, word, strings.Trim(word, `.,:;!?()<>[]"'=`))
		}
	}
	return words
}
