package flow

import (
	"context"

	"github.com/allauth-go/allauth/ratelimit"
)

// charges are the attempts that were counted for what is about to be stored or sent.
type charges struct {
	attempts []ratelimit.Attempt
	// inTx is true for those of a transaction.
	inTx bool
}

type chargesKey struct{}

func chargesOf(ctx context.Context) *charges {
	c, _ := ctx.Value(chargesKey{}).(*charges)
	return c
}

// WithCharges returns the context of a request, which remembers what is charged until
// a transaction is committed.
func WithCharges(ctx context.Context) context.Context {
	return context.WithValue(ctx, chargesKey{}, &charges{})
}

// Charge counts an attempt at storing or sending something, see
// [ratelimit.Limiter.Take]. It is taken back if the transaction is rolled back, also
// where attempts are counted outside of it, and by RefundCharges.
func (d *Deps) Charge(ctx context.Context, action string, subject ratelimit.Subject) error {
	attempt, err := d.Limits.Take(ctx, action, subject)
	if c := chargesOf(ctx); c != nil && err == nil {
		c.attempts = append(c.attempts, attempt)
	}
	return err
}

// RefundCharges takes the attempts back that were counted for what came to nothing.
func (d *Deps) RefundCharges(ctx context.Context) {
	c := chargesOf(ctx)
	if c == nil {
		return
	}
	for _, attempt := range c.attempts {
		if err := attempt.Refund(ctx); err != nil {
			d.Logger.ErrorContext(ctx, "an attempt that came to nothing stays counted", "error", err)
		}
	}
	c.attempts = nil
}
