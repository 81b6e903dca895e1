package work

import (
	"context"

	"github.com/allauth-go/allauth/ratelimit"
)

// Charge counts an attempt at storing or sending something, see
// [ratelimit.Limiter.Take]. It is taken back if the transaction is rolled back, also
// where attempts are counted outside of it, and by RefundCharges.
func (d *Deps) Charge(ctx context.Context, action string, subject ratelimit.Subject) error {
	attempt, err := d.Limits.Take(ctx, action, subject)
	if err != nil {
		return err
	}
	switch s := scopeOf(ctx); {
	case s.tx != nil:
		s.tx.charges = append(s.tx.charges, attempt)
	case s.unit != nil:
		s.unit.charges = append(s.unit.charges, attempt)
	}
	return nil
}

// RefundCharges takes the attempts back that were counted for what came to nothing.
func (d *Deps) RefundCharges(ctx context.Context) {
	if u := Of(ctx); u != nil {
		u.charges = d.refund(ctx, u.charges)
	}
}

// refund takes attempts back, and returns what is left of them: nothing.
func (d *Deps) refund(ctx context.Context, attempts []ratelimit.Attempt) []ratelimit.Attempt {
	for _, attempt := range attempts {
		if err := attempt.Refund(ctx); err != nil {
			d.Logger.ErrorContext(ctx, "an attempt that came to nothing stays counted", "error", err)
		}
	}
	return nil
}
