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
	// minSecret is the length of the shortest secret that is left out of it.
	minSecret = 4
)

// LogPanic logs what the code of that name panicked with, and where, without the
// secrets that it was given. It does not panic, even if the logger does.
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

// Recovered returns the error that stands for a panic, and logs the panic unless
// it is a Failure, which its hook has logged.
func Recovered(ctx context.Context, l *slog.Logger, name string, value any) error {
	if failure, ok := value.(Failure); ok {
		return failure.Err
	}
	LogPanic(ctx, l, name, value, debug.Stack())
	return fmt.Errorf("%s: %w", name, ErrPanic)
}

// Words returns the parts of texts that may be secrets, such as codes and links.
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
