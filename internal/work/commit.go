package work

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Keeper stores the session of a request.
type Keeper interface {
	// Keep stores what changed of the session, and what goes with it, in the
	// transaction that ctx carries.
	Keep(ctx context.Context) error
	// Snapshot returns a function that undoes in memory what the flows and Keep
	// change, for a transaction that is rolled back.
	Snapshot() (restore func())
	// NeedsTx reports whether Keep runs more than one statement.
	NeedsTx() bool
	// KeepsInTx reports whether what Keep stores is rolled back with the
	// transaction. Where sessions live elsewhere, Keep is called after the commit: a
	// crash in between leaves an account that is changed, and a session that is not.
	KeepsInTx() bool
}

// InTx runs f in one store transaction, and stores the session in it. If it fails,
// the session is as if f had never run. If it collided with another transaction,
// f is called again, so what else f changes it has to set anew each time.
//
// Where f, or the storing of the session, comes to the point at which the host is
// asked, the transaction is rolled back, the host is asked outside of it, and f is
// called again, see [AskHost]. If f refuses, see [Refuse], the rest of it is stored
// all the same.
//
// Inside of another InTx, f is part of the outer transaction.
func (d *Deps) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	if scopeOf(ctx).tx != nil {
		return f(ctx)
	}
	ctx, u := ensure(ctx)
	u.runs = nil
	var refusal error
	err := answered(ctx, func() (err error) {
		refusal, err = d.commit(ctx, u, f)
		return err
	})
	if err != nil {
		return err
	}
	u.commits++
	u.charges = nil // what they were counted for is stored
	if u.keeper != nil && !u.keeper.KeepsInTx() {
		err = answered(ctx, func() error { return u.keeper.Keep(ctx) })
	}
	if err != nil {
		return err
	}
	return refusal
}

// Keep calls f, which changes the session and nothing in the store, and stores the
// session like InTx: without a transaction if one statement does it.
func (d *Deps) Keep(ctx context.Context, f func()) error {
	u := Of(ctx)
	restore := u.Snapshot()
	f()
	var err error
	if u.keeper.NeedsTx() {
		err = d.InTx(ctx, func(context.Context) error { return nil })
	} else {
		err = Retry(ctx, func() error {
			undo := u.Snapshot()
			err := u.keeper.Keep(ctx)
			if err != nil {
				undo()
			}
			return err
		})
	}
	if err != nil {
		restore()
	}
	return err
}

// commit runs f in a transaction until it does not collide.
func (d *Deps) commit(ctx context.Context, u *Unit, f func(ctx context.Context) error) (refusal, err error) {
	err = Retry(ctx, func() error {
		restore := u.Snapshot()
		var tx *transaction
		err := d.Tx.InTx(ctx, func(ctx context.Context) error {
			tx = scopeOf(ctx).tx
			if err := f(ctx); err != nil {
				return err
			}
			if u.keeper == nil || !u.keeper.KeepsInTx() {
				return nil
			}
			return u.keeper.Keep(ctx)
		})
		switch {
		case tx == nil:
		case err != nil:
			restore()
			d.refund(ctx, tx.charges)
		default:
			refusal = tx.refusal
			if tx.chargedAhead {
				u.ahead = nil // it stays counted
			}
			if tx.mail {
				d.Post.Outbox.Wake()
			}
		}
		return err
	})
	return refusal, err
}

// maxTries is how often a transaction is tried that collides with others.
const maxTries = 10

// Retry calls f, which runs a transaction, again while it collides with others,
// at most ten times.
func Retry(ctx context.Context, f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if !errors.Is(err, authn.ErrCollision) || try == maxTries {
			return err
		}
		// Not at once, or those that collided collide again.
		select {
		case <-time.After(rand.N(time.Duration(try) * 4 * time.Millisecond)):
		case <-ctx.Done():
			return err
		}
	}
}

// question is the error of AskHost.
type question struct {
	ask func(ctx context.Context) error
}

func (*question) Error() string { return "work: the host is asked outside of the transaction" }

// AskHost returns the error by which a transaction stops until a function of the
// host has been called, which may use the database by itself. ask keeps the answer,
// so that the next run finds it. If it fails, its error is the one of the transaction.
func AskHost(ask func(ctx context.Context) error) error { return &question{ask} }

// answered calls f again each time that the host had to be asked: more than once if
// the user has changed since.
func answered(ctx context.Context, f func() error) error {
	err := f()
	var q *question
	for asked := 0; errors.As(err, &q) && asked < maxTries; asked++ {
		if err = q.ask(ctx); err == nil {
			err = f()
		}
	}
	return err
}
