package work

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/ratelimit"
)

// Charge counts an attempt to store or send something, see [ratelimit.Limiter.Take],
// unless TakeAhead has counted it. The attempt is refunded if the transaction is rolled
// back, even if attempts are counted in another store, and by RefundCharges.
func (d *Deps) Charge(ctx context.Context, action string, subject ratelimit.Subject) error {
	s := scopeOf(ctx)
	if s.unit != nil && s.tx != nil && s.unit.ahead.isOf(action, subject) {
		s.tx.chargedAhead = true
		return s.unit.ahead.refusal
	}
	attempt, err := d.Limits.Take(ctx, action, subject)
	if err != nil {
		return err
	}
	switch {
	case s.tx != nil:
		s.tx.charges = append(s.tx.charges, attempt)
	case s.unit != nil:
		s.unit.charges = append(s.unit.charges, attempt)
	}
	return nil
}

// ahead is an attempt that was counted before the transaction that charges it.
type ahead struct {
	charge  ratelimit.Charge
	attempt ratelimit.Attempt
	refusal error // of the limit
}

func (a *ahead) isOf(action string, subject ratelimit.Subject) bool {
	return a != nil && a.charge.Action == action && a.charge.Subject.Key == subject.Key
}

// TakeAhead counts an attempt of the unit, see [ratelimit.Limiter.Take], and in the same
// step a second one, which a transaction is expected to charge by its key; Charge then
// returns the result of this count. The caller must call settle at the end. It refunds
// the second attempt unless a transaction that charged it was committed. A unit has at
// most one such attempt at a time.
func (d *Deps) TakeAhead(ctx context.Context, now, later ratelimit.Charge) (settle func(), err error) {
	a := &ahead{charge: later}
	attempts, err := d.Limits.TakeAll(ctx, now, later)
	var limited *ratelimit.LimitError
	switch {
	case err == nil:
		a.attempt = attempts[1]
	case errors.As(err, &limited) && limited.Action == later.Action:
		a.refusal = err
	default:
		return nil, err
	}
	u := Of(ctx)
	u.ahead = a
	return func() {
		if u.ahead == a {
			d.refund(ctx, []ratelimit.Attempt{a.attempt})
			u.ahead = nil
		}
	}, nil
}

// RefundCharges refunds the attempts of Charge whose transaction was not committed.
func (d *Deps) RefundCharges(ctx context.Context) {
	if u := Of(ctx); u != nil {
		d.refund(ctx, u.charges)
		u.charges = nil
	}
}

// refund refunds attempts.
func (d *Deps) refund(ctx context.Context, attempts []ratelimit.Attempt) {
	for _, attempt := range attempts {
		if err := attempt.Refund(ctx); err != nil {
			d.Logger.ErrorContext(ctx, "an attempt that came to nothing stays counted", "error", err)
		}
	}
}
