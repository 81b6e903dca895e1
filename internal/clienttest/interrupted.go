package clienttest

import (
	"context"
	"sync"

	"github.com/allauth-go/allauth/storage"
)

// Interrupted is a store that calls a function between the checks of a request and the
// transaction that relies on them. It is safe for concurrent use.
type Interrupted struct {
	storage.Store

	mu     sync.Mutex
	before func()
}

// Interrupt calls f just before the next transaction begins.
func (i *Interrupted) Interrupt(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.before = f
}

// IsArmed reports whether the function of Interrupt has not been called yet.
func (i *Interrupted) IsArmed() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.before != nil
}

// InTx implements authn.Transactor.
func (i *Interrupted) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	i.mu.Lock()
	before := i.before
	i.before = nil
	i.mu.Unlock()
	if before != nil {
		before()
	}
	return i.Store.InTx(ctx, f)
}
