package notify

import (
	"fmt"
	"log/slog"
)

// Format implements [fmt.Formatter], so that no verb prints the message's texts
// or its recipient.
func (m Message) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "mail %s (%s)", m.ID, m.Kind) }

// LogValue implements [slog.LogValuer] for the same reason.
func (m Message) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// Format implements [fmt.Formatter], so that no verb prints the message's text or
// its recipient.
func (m TextMessage) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "text message %s (%s)", m.ID, m.Kind)
}

// LogValue implements [slog.LogValuer] for the same reason.
func (m TextMessage) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// Format implements [fmt.Formatter], so that no verb prints the password.
func (s SMTP) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "SMTP server %s", s.Addr) }

// LogValue implements [slog.LogValuer] for the same reason.
func (s SMTP) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// Format implements [fmt.Formatter], so that no verb prints credentials, which
// may be in the headers or in the URL.
func (w Webhook) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "text message webhook") }

// LogValue implements [slog.LogValuer] for the same reason.
func (w Webhook) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(w)) }
