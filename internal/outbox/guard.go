package outbox

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/notify"
)

var errStorePanic = errors.New("outbox: the store panicked")

// guardedStore returns errStorePanic for panics of the store, which would otherwise end
// the process when they happen in a goroutine of the worker.
type guardedStore struct {
	store  notify.Store
	logger *slog.Logger
}

func (s guardedStore) catch(err *error) {
	if value := recover(); value != nil {
		hook.LogPanic(context.Background(), s.logger, "the store of messages", value, debug.Stack())
		*err = errStorePanic
	}
}

func (s guardedStore) EnqueueMessage(ctx context.Context, e notify.Entry) (err error) {
	defer s.catch(&err)
	return s.store.EnqueueMessage(ctx, e)
}

func (s guardedStore) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int, except ...string) (claimed []notify.Entry, err error) {
	defer s.catch(&err)
	return s.store.ClaimMessages(ctx, now, lease, limit, except...)
}

func (s guardedStore) Backlog(ctx context.Context) (b notify.Backlog, err error) {
	defer s.catch(&err)
	return s.store.Backlog(ctx)
}

func (s guardedStore) RescheduleMessage(ctx context.Context, id string, notBefore time.Time) (err error) {
	defer s.catch(&err)
	return s.store.RescheduleMessage(ctx, id, notBefore)
}

func (s guardedStore) DeleteMessage(ctx context.Context, id string) (err error) {
	defer s.catch(&err)
	return s.store.DeleteMessage(ctx, id)
}
