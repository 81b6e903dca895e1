package work

import (
	"context"
	"slices"

	"github.com/allauth-go/allauth/ratelimit"
)

// Unit is the work of one request. Each request has its own.
type Unit struct {
	deps *Deps
	// origin is nil until SetOrigin is called.
	origin     func() Origin
	keeper     Keeper
	events     []event
	afterwards []func(ctx context.Context) error
	// charges are the attempts that were counted since the last commit.
	charges []ratelimit.Attempt
	// ahead is an attempt that a transaction is about to charge, nil if there is none.
	ahead *ahead
	// commits counts the transactions.
	commits int
	// runs is shared by all runs of one transaction, nil until Runs is called.
	runs  map[any]any
	reads *reads
}

// transaction is one run of a transaction of a unit.
type transaction struct {
	charges []ratelimit.Attempt
	// chargedAhead is true if the unit's attempt ahead was charged.
	chargedAhead bool
	// refusal is returned once the transaction is committed.
	refusal error
	// onCommit are called after the commit.
	onCommit []func()
	reads    *reads
}

// scope is the value in a context: the unit, and its transaction if there is one.
type scope struct {
	unit *Unit
	tx   *transaction
}

type scopeKey struct{}

func scopeOf(ctx context.Context) scope {
	s, _ := ctx.Value(scopeKey{}).(scope)
	return s
}

func (s scope) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// Begin returns a context with a new unit.
func (d *Deps) Begin(ctx context.Context) (context.Context, *Unit) {
	u := &Unit{deps: d, reads: &reads{}}
	return scope{unit: u}.context(ctx), u
}

// ensure returns a context with a unit, a new one if ctx has none.
func (d *Deps) ensure(ctx context.Context) (context.Context, *Unit) {
	if u := Of(ctx); u != nil {
		return ctx, u
	}
	return d.Begin(ctx)
}

// SetKeeper sets the Keeper that stores the session. Without one it is not stored.
func (u *Unit) SetKeeper(k Keeper) { u.keeper = k }

// Commits returns how many transactions were committed.
func (u *Unit) Commits() int { return u.commits }

// Snapshot returns a function that restores the unit and its session in memory to their
// current state, for a transaction that is rolled back.
func (u *Unit) Snapshot() (restore func()) {
	events, afterwards := slices.Clone(u.events), slices.Clone(u.afterwards)
	undo := func() {}
	if u.keeper != nil {
		undo = u.keeper.Snapshot()
	}
	return func() {
		undo()
		u.events, u.afterwards = events, afterwards
	}
}

// Of returns the unit of ctx, nil if there is none.
func Of(ctx context.Context) *Unit { return scopeOf(ctx).unit }

// Afterwards calls f at the end of the request, outside of any transaction, for work
// that must not change the answer, such as the refund of an attempt. Errors are logged.
// Without a unit in ctx, f is not called.
func Afterwards(ctx context.Context, f func(ctx context.Context) error) {
	if u := Of(ctx); u != nil {
		u.afterwards = append(u.afterwards, f)
	}
}

// OnCommit calls f, which must not block, after the commit of the transaction of ctx, and
// at once without one.
func OnCommit(ctx context.Context, f func()) {
	if tx := scopeOf(ctx).tx; tx != nil {
		tx.onCommit = append(tx.onCommit, f)
		return
	}
	f()
}

// Runs returns a value that the runs of one transaction share, for effects outside of
// the database: a rollback does not undo them, and the next run must not mistake them
// for those of another request.
func Runs(ctx context.Context) map[any]any {
	u := Of(ctx)
	if u == nil {
		return map[any]any{}
	}
	if u.runs == nil {
		u.runs = map[any]any{}
	}
	return u.runs
}

// Refuse makes InTx return err after it has committed the transaction of ctx.
func Refuse(ctx context.Context, err error) { scopeOf(ctx).tx.refusal = err }
