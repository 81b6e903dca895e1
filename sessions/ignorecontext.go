package sessions

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"
)

// IgnoreContext returns a store for Config.Store from an scs store whose methods
// take no context. A call is not cancelled when its request ends.
func IgnoreContext(store scs.Store) scs.CtxStore { return contextless{store} }

type contextless struct{ scs.Store }

// FindCtx implements scs.CtxStore.
func (s contextless) FindCtx(_ context.Context, token string) ([]byte, bool, error) {
	return s.Find(token)
}

// CommitCtx implements scs.CtxStore.
func (s contextless) CommitCtx(_ context.Context, token string, data []byte, expiry time.Time) error {
	return s.Commit(token, data, expiry)
}

// DeleteCtx implements scs.CtxStore.
func (s contextless) DeleteCtx(_ context.Context, token string) error { return s.Delete(token) }
