package audit

import (
	"fmt"
	"log/slog"
)

// Format implements [fmt.Formatter] so that no verb prints the secrets, nor a URL that
// contains one.
func (w Webhook) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "webhook") }

// LogValue implements [slog.LogValuer] for the same reason.
func (w Webhook) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(w)) }
