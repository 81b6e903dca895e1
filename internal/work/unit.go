package work

import (
	"context"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/ratelimit"
)

// Unit is what one request does. Parallel requests each have their own.
type Unit struct {
	keeper     Keeper
	events     []authn.Event
	afterwards []func(ctx context.Context) error
	// charges are the attempts that were counted for what is about to be stored.
	charges []ratelimit.Attempt
	// ahead is an attempt that a transaction is about to charge, nil if there is none.
	ahead *ahead
	// commits counts the transactions.
	commits int
	// runs is what all runs of one transaction share, nil until one asks for it.
	runs  map[any]any
	reads *reads
}

// transaction is what one run of a transaction of a unit does.
type transaction struct {
	charges []ratelimit.Attempt
	// chargedAhead is true if the unit's attempt ahead was charged.
	chargedAhead bool
	// refusal is returned once the transaction is committed.
	refusal error
	// mail is true if there is a message to deliver after the commit.
	mail  bool
	reads *reads
}

// scope is what a context carries: the unit, and the transaction in it if there is
// one.
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

// Begin returns a context that carries a new unit.
func Begin(ctx context.Context) (context.Context, *Unit) {
	u := &Unit{reads: &reads{}}
	return scope{unit: u}.context(ctx), u
}

// ensure returns a context that carries a unit: a new one if it carried none.
func ensure(ctx context.Context) (context.Context, *Unit) {
	if u := Of(ctx); u != nil {
		return ctx, u
	}
	return Begin(ctx)
}

// SetKeeper says who stores the session. Without one nothing stores it.
func (u *Unit) SetKeeper(k Keeper) { u.keeper = k }

// Commits returns how many transactions were committed.
func (u *Unit) Commits() int { return u.commits }

// TakeEvents returns the queued events and empties the queue.
func (u *Unit) TakeEvents() []authn.Event {
	events := u.events
	u.events = nil
	return events
}

// TakeAfterwards returns what Afterwards was given and empties the list.
func (u *Unit) TakeAfterwards() []func(ctx context.Context) error {
	list := u.afterwards
	u.afterwards = nil
	return list
}

// Snapshot returns a function that undoes in memory what the unit and its session
// go through, for a transaction that is rolled back.
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

// Of returns the unit that ctx carries, nil if it carries none.
func Of(ctx context.Context) *Unit { return scopeOf(ctx).unit }

// Emit queues an event that is published once the session is stored. Outside of a
// unit it is dropped.
func Emit(ctx context.Context, e authn.Event) {
	if u := Of(ctx); u != nil {
		u.events = append(u.events, e)
	}
}

// Afterwards calls f at the end of the request, outside of any transaction: for
// what must not decide the client's answer, such as the refund of an attempt.
// Errors are logged. Outside of a unit f is not called.
func Afterwards(ctx context.Context, f func(ctx context.Context) error) {
	if u := Of(ctx); u != nil {
		u.afterwards = append(u.afterwards, f)
	}
}

// Runs returns what the runs of one transaction share, for effects outside of the
// database: a run that is rolled back leaves them done, and the next run must not
// take them for the work of another request.
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

// Refuse lets the transaction that ctx carries store what it stores, and then
// return err.
func Refuse(ctx context.Context, err error) { scopeOf(ctx).tx.refusal = err }
