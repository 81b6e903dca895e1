package work

import (
	"context"
	"sync"

	"github.com/allauth-go/allauth/authn"
)

// reads holds the values that a request, or one of its transactions, has read from the
// store, so that each is read once.
type reads struct {
	mu     sync.Mutex
	values map[any]any // nil until there is one
	// earlier is what was read before the transaction, nil outside of one.
	earlier *reads
}

// get returns the value of a key, also one from before the transaction if accepted.
func (r *reads) get(key any, acceptEarlier bool) (any, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	value, ok := r.values[key]
	if !ok && acceptEarlier && r.earlier != nil {
		return r.earlier.get(key, false)
	}
	return value, ok
}

type earlierKey struct{}

// AcceptEarlier returns a context in which Remember returns also values that the request
// read before its transaction, for data that the transaction does not rely on.
func AcceptEarlier(ctx context.Context) context.Context {
	return context.WithValue(ctx, earlierKey{}, true)
}

// readsOf returns the reads of the transaction of ctx, or else of its unit.
func readsOf(ctx context.Context) *reads {
	switch s := scopeOf(ctx); {
	case s.tx != nil:
		return s.tx.reads
	case s.unit != nil:
		return s.unit.reads
	}
	return nil
}

// Remember returns the result of read, which it calls once for each key in a request,
// and once more in each of its transactions: a transaction relies only on data that it
// has read itself. The caller must not change the value. Errors are not remembered. In
// a context without a unit, read is called each time.
func Remember[T any](ctx context.Context, key any, read func(ctx context.Context) (T, error)) (T, error) {
	r := readsOf(ctx)
	if r == nil {
		return read(ctx)
	}
	if value, ok := r.get(key, ctx.Value(earlierKey{}) != nil); ok {
		return value.(T), nil //nolint:forcetypeassert // a key has values of one type
	}
	value, err := read(ctx)
	if err == nil {
		Note(ctx, key, value)
	}
	return value, err
}

// Note makes Remember return the value for the key without reading it.
func Note(ctx context.Context, key, value any) {
	if r := readsOf(ctx); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.values == nil {
			r.values = map[any]any{}
		}
		r.values[key] = value
	}
}

// Noted reports whether there is a value for the key.
func Noted(ctx context.Context, key any) bool {
	r := readsOf(ctx)
	if r == nil {
		return false
	}
	_, ok := r.get(key, false)
	return ok
}

// Forget makes Remember read the key again. It is called after each change of the data
// of the key.
func Forget(ctx context.Context, key any) {
	if r := readsOf(ctx); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.values, key)
		r.earlier = nil // it has not seen the change
	}
}

// replace sets the values, and forgets those from before the transaction.
func (r *reads) replace(values map[any]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values, r.earlier = values, nil
}

// Transactor is an authn.Transactor whose transactions read everything again: from
// their start, after the lock of a user, and after the rollback of a savepoint. Values
// that a committed transaction has read are kept.
type Transactor struct{ authn.Transactor }

// InTx implements authn.Transactor.
func (t Transactor) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	s := scopeOf(ctx)
	if s.tx != nil {
		return t.Transactor.InTx(ctx, f)
	}
	outer := readsOf(ctx)
	err := t.Transactor.InTx(ctx, func(ctx context.Context) error {
		s.tx = &transaction{reads: &reads{earlier: outer}}
		return f(s.context(ctx))
	})
	if outer != nil {
		var values map[any]any
		if err == nil && s.tx != nil {
			values = s.tx.reads.values
		}
		outer.replace(values)
	}
	return err
}

// LockUser implements authn.Transactor.
func (t Transactor) LockUser(ctx context.Context, userID string) error {
	if r := readsOf(ctx); r != nil {
		defer r.replace(nil)
	}
	return t.Transactor.LockUser(ctx, userID)
}

// InSavepoint implements authn.Transactor.
func (t Transactor) InSavepoint(ctx context.Context, f func(ctx context.Context) error) error {
	err := t.Transactor.InSavepoint(ctx, f)
	if r := readsOf(ctx); r != nil && err != nil {
		r.replace(nil)
	}
	return err
}
