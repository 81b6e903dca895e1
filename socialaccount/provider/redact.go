package provider

import (
	"fmt"
	"log/slog"
)

// Format implements [fmt.Formatter], so that no verb prints the client secret, or
// settings that may hold a key.
func (a App) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "app at %s", a.id()) }

// LogValue implements [slog.LogValuer] for the same reason.
func (a App) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// Format implements [fmt.Formatter], so that no verb prints CertificateKey.
func (s Settings) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "settings of a provider") }

// LogValue implements [slog.LogValuer] for the same reason.
func (s Settings) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }
