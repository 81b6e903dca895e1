package work

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/ratelimit"
)

// Charge counts an attempt at storing or sending something, see
// [ratelimit.Limiter.Take], unless TakeAhead has counted it. It is taken back if the
// transaction is rolled back, also where attempts are counted outside of it, and by
// RefundCharges.
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
// step another one, which a transaction is expected to charge by its key: Charge returns
// what the limit said. The caller must call settle at the end, which takes the second
// attempt back unless a transaction that charged it was committed. Nothing else is
// charged ahead meanwhile.
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

// RefundCharges takes the attempts back that were counted for what came to nothing.
func (d *Deps) RefundCharges(ctx context.Context) {
	if u := Of(ctx); u != nil {
		d.refund(ctx, u.charges)
		u.charges = nil
	}
}

// refund takes attempts back.
func (d *Deps) refund(ctx context.Context, attempts []ratelimit.Attempt) {
	for _, attempt := range attempts {
		if err := attempt.Refund(ctx); err != nil {
			d.Logger.ErrorContext(ctx, "an attempt that came to nothing stays counted", "error", err)
		}
	}
}
