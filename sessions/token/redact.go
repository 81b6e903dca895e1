package token

import (
	"fmt"
	"log/slog"
)

// Format implements [fmt.Formatter] so that no verb prints the key.
func (k Key) Format(f fmt.State, _ rune) {
	kind := k.Public
	if k.Private != nil {
		kind = k.Private.Public()
	}
	_, _ = fmt.Fprintf(f, "key of access tokens (%T)", kind)
}

// LogValue implements [slog.LogValuer] for the same reason.
func (k Key) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }
