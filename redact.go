package allauth

import (
	"fmt"
	"log/slog"
)

// Format implements [fmt.Formatter] so that no verb prints the secrets.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "allauth configuration of %s", c.BaseURL)
}

// LogValue implements [slog.LogValuer] for the same reason.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format implements [fmt.Formatter] so that no verb prints the secrets.
func (a *Auth) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "allauth at %s", a.cfg.BaseURL) }

// LogValue implements [slog.LogValuer] for the same reason.
func (a *Auth) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// Format implements [fmt.Formatter] so that no verb prints the tokens.
func (r LoginResult) Format(f fmt.State, _ rune) {
	userID := ""
	if r.User != nil {
		userID = r.User.ID
	}
	_, _ = fmt.Fprintf(f, "login of the user %q, pending %q", userID, r.Pending)
}

// LogValue implements [slog.LogValuer] for the same reason.
func (r LoginResult) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }
