package hook

import (
	"context"
	"log/slog"
)

// Logger returns the logger with its handler's panics caught. A nil logger is
// slog.Default.
func Logger(l *slog.Logger) *slog.Logger { return slog.New(handler{logger(l).Handler()}) }

// handler is the host's handler of log records.
type handler struct{ slog.Handler }

func (h handler) Enabled(ctx context.Context, level slog.Level) (enabled bool) {
	defer func() { _ = recover() }()
	return h.Handler.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	defer func() { _ = recover() }()
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
