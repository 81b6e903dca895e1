package ratelimit

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"testing"
	"time"
)

// several returns a limiter with two actions, and the charges of an attempt at
// both.
func several(store Store, first, second string) (*Limiter, []Charge) {
	limits, c := Limits{}, &clock{}
	for action, text := range map[string]string{"first": first, "second": second} {
		rates, err := Parse(text)
		if err != nil {
			panic(err)
		}
		limits[action] = rates
	}
	s := Subject{IP: netip.MustParseAddr("192.0.2.1"), Key: "a"}
	return NewLimiter(store, limits, c.now, rand.Reader, nil), []Charge{{"first", s}, {"second", s}}
}

// One call of the store counts an attempt at two actions.
func TestSeveralActionsAtOnce(t *testing.T) {
	t.Parallel()
	store := &watched{Store: NewMemoryStore()}
	l, charges := several(store, "3/m/ip", "2/m/ip,2/m/key")
	attempts, err := l.TakeAll(t.Context(), charges...)
	if err != nil || len(attempts) != 2 || store.charges != 1 {
		t.Fatal(attempts, err, store.charges)
	}
	if err := attempts[1].Refund(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := l.TakeAll(t.Context(), charges...); err != nil {
			t.Fatal("the refund did not take back the attempt at the second action alone", err)
		}
	}
	var limited *LimitError
	if _, err := l.TakeAll(t.Context(), charges...); !errors.As(err, &limited) || limited.Action != "first" || limited.RetryAfter <= 0 {
		t.Errorf("the refund took back the attempt at the first action: %v", err)
	}
}

// The error names the action that refuses. The actions before it stay charged, as
// if each was taken on its own.
func TestTheActionThatRefuses(t *testing.T) {
	t.Parallel()
	l, charges := several(NewMemoryStore(), "3/m/ip", "1/m/key")
	for i, want := range []string{"", "second", "second", "first"} {
		_, err := l.TakeAll(t.Context(), charges...)
		var limited *LimitError
		if errors.As(err, &limited); (err == nil) != (want == "") || err != nil && limited.Action != want {
			t.Errorf("attempt %d: %v", i+1, err)
		}
	}
}

// An action without rates, and a charge that is passed twice, count nothing more.
func TestChargesThatCountNothing(t *testing.T) {
	t.Parallel()
	l, charges := several(NewMemoryStore(), "1/m/ip,5/60s/ip", "")
	attempts, err := l.TakeAll(t.Context(), append(charges, charges...)...)
	if err != nil || len(attempts) != 4 {
		t.Fatal(attempts, err)
	}
	for _, a := range attempts {
		if err := a.Refund(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []bool{true, false} { // the lower of the two rates holds
		if _, err := l.Take(t.Context(), "first", charges[0].Subject); (err == nil) != want {
			t.Error(err)
		}
	}
	if attempts, err := l.TakeAll(t.Context()); err != nil || len(attempts) != 0 {
		t.Error(attempts, err)
	}
}

// failsOnce is a store whose next calls return an error although they have had
// their effect, or half of it.
type failsOnce struct {
	Store
	charges, refunds int
}

var errLost = errors.New("the connection was lost")

func (f *failsOnce) ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []Bucket) (*Refusal, error) {
	if f.charges == 0 {
		return f.Store.ChargeBuckets(ctx, now, id, buckets)
	}
	f.charges--
	_, _ = f.Store.ChargeBuckets(ctx, now, id, buckets[:len(buckets)-f.charges%2])
	return nil, errLost
}

func (f *failsOnce) RefundBuckets(ctx context.Context, at time.Time, id string, buckets []Bucket) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.refunds > 0 {
		f.refunds--
		return errLost
	}
	return f.Store.RefundBuckets(ctx, at, id, buckets)
}

// An attempt that could not be counted, or was taken back, does not stay counted
// if the store fails once or the client's request ends.
func TestAStoreThatFailsOnceKeepsNoAttempt(t *testing.T) {
	t.Parallel()
	store := &failsOnce{Store: NewMemoryStore(), charges: 2}
	l, charges := several(store, "1/m/ip,1/m/key", "1/m/key")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		store.refunds = 1
		if _, err := l.TakeAll(gone, charges...); !errors.Is(err, errLost) {
			t.Fatal(err)
		}
	}
	store.refunds = 1
	attempts, err := l.TakeAll(t.Context(), charges...)
	if err != nil {
		t.Fatal("the failed attempts stayed counted", err)
	}
	for _, a := range attempts {
		if err := a.Refund(gone); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.TakeAll(t.Context(), charges...); err != nil {
		t.Error("the refunded attempt stayed counted", err)
	}
}

// A store that keeps failing returns its first error, and the message says that
// the attempt may stay counted.
func TestAStoreThatKeepsFailing(t *testing.T) {
	t.Parallel()
	store := &failsOnce{Store: NewMemoryStore(), charges: 1, refunds: 2}
	l, charges := several(store, "1/m/ip", "1/m/key")
	_, err := l.TakeAll(t.Context(), charges...)
	if !errors.Is(err, errLost) || err.Error() != "count attempt of first: the connection was lost (it may stay counted: refund attempt: the connection was lost)" {
		t.Error(err)
	}
}
