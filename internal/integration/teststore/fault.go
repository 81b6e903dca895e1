package teststore

import (
	"context"
	"sync"
)

// Fault is an error of a Faulty store at one statement of a request. It is safe for
// concurrent use.
type Fault struct {
	err error
	// inTx is true if only statements inside of a transaction are counted.
	inTx bool

	mu sync.Mutex
	in int
}

type faultKey struct{}

// CollideAt returns a context under which a Faulty store collides at the n-th
// statement that is run inside of a transaction, commits among them, and at no
// other.
func CollideAt(ctx context.Context, n int) (context.Context, *Fault) {
	return faultAt(ctx, &Fault{err: deadlock{}, inTx: true, in: n})
}

// FailAt returns a context under which a Faulty store fails at the n-th statement,
// and at no other.
func FailAt(ctx context.Context, n int) (context.Context, *Fault) {
	return faultAt(ctx, &Fault{err: errBroken, in: n})
}

func faultAt(ctx context.Context, f *Fault) (context.Context, *Fault) {
	return context.WithValue(ctx, faultKey{}, f), f
}

// Happened reports whether there were as many statements as that.
func (f *Fault) Happened() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.in <= 0
}

// hits counts a statement, and reports whether it is the one that fails.
func (f *Fault) hits(inTx bool) bool {
	if f.inTx && !inTx {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.in--
	return f.in == 0
}
