package hook

import (
	"context"
	"log/slog"
)

// Logger returns a logger that recovers from panics of l's handler. Nil stands for
// slog.Default.
func Logger(l *slog.Logger) *slog.Logger { return slog.New(handler{logger(l).Handler()}) }

// handler recovers from panics of the host's handler.
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
