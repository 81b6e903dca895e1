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
	// Keep stores the changes of the session, and the tokens of an app, in the
	// transaction of ctx.
	Keep(ctx context.Context) error
	// Snapshot returns a function that undoes in memory the changes of the flows and
	// of Keep, for a transaction that is rolled back.
	Snapshot() (restore func())
	// NeedsTx reports whether Keep runs more than one statement.
	NeedsTx() bool
	// KeepsInTx reports whether the changes of Keep are rolled back with the
	// transaction. If not, because sessions are in another store, Keep is called after
	// the commit: a crash in between leaves a changed account and an unchanged session.
	KeepsInTx() bool
}

// InTx calls f in a transaction of the store, and stores the session in it. If the
// transaction fails, the session in memory is restored. The events are stored in it, too. If it collides with another
// transaction, f is called again, so f must set its other variables each time.
//
// If f or the Keeper returns the error of [AskHost], the transaction is rolled back, the
// host is asked, and f is called again. If f calls [Refuse], the transaction is committed
// before the refusal is returned.
//
// Within another InTx, f is part of the outer transaction.
func (d *Deps) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	if scopeOf(ctx).tx != nil {
		return f(ctx)
	}
	ctx, u := d.ensure(ctx)
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
// session like InTx: without a transaction if one statement does it, and no event has to
// be stored with it.
func (d *Deps) Keep(ctx context.Context, f func()) error {
	u := Of(ctx)
	restore := u.Snapshot()
	f()
	var err error
	if u.keeper.NeedsTx() || u.keeper.KeepsInTx() && u.hasUnstored() {
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
			if u.keeper != nil && u.keeper.KeepsInTx() {
				if err := u.keeper.Keep(ctx); err != nil {
					return err
				}
			}
			return u.storeEvents(ctx) // last: the session of a login has an id now
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
			for _, f := range tx.onCommit {
				f()
			}
		}
		return err
	})
	return refusal, err
}

// maxTries is how often a transaction is tried if it collides with others.
const maxTries = 10

// Retry calls f, which runs a transaction, until it does not collide with others, at
// most ten times.
func Retry(ctx context.Context, f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if !errors.Is(err, authn.ErrCollision) || try == maxTries {
			return err
		}
		// Wait, so that the transactions do not collide again.
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

// AskHost returns an error that rolls the transaction back, so that ask can call a
// function of the host, which may use the database. ask must keep the answer for the
// next run of the transaction. If ask fails, InTx returns its error.
func AskHost(ask func(ctx context.Context) error) error { return &question{ask} }

// answered calls f again after each question to the host. There are several if the user
// changes meanwhile.
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
