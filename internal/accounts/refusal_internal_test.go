package accounts

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/allauth-go/allauth/account/password"
)

// attempt compares a password, which takes some time, refuses it, and returns how
// long it all took.
func attempt(ctx context.Context, r *refusals, queue, compare time.Duration, hashes int) time.Duration {
	began := time.Now()
	c := r.begin()
	time.Sleep(queue)
	done := password.Comparison{Began: time.Now(), Hashes: hashes, Took: time.Duration(hashes) * compare}
	time.Sleep(done.Took)
	r.observe(done)
	r.wait(ctx, c, done)
	return time.Since(began)
}

const (
	ownTime    = 20 * time.Millisecond
	costlyTime = 250 * time.Millisecond
)

// An attempt takes as long with a quick hash as with the costliest one: the first
// of a server, one that comes while the cost is being found out, one after that,
// with several hashes, and after a wait for other hashes.
func TestRefusalsTakeEquallyLong(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]struct {
		before, queue time.Duration // before: since the first attempt
		hashes        int
	}{
		"the first":                {0, 0, 1},
		"the first, after a queue": {0, time.Second, 1},
		"meanwhile":                {100 * time.Millisecond, 0, 1},
		"at its end":               {290 * time.Millisecond, 0, 1},
		"later":                    {time.Second, 0, 1},
		"two hashes":               {time.Second, 0, 2},
		"three hashes":             {time.Second, 0, 3},
		"after a queue":            {time.Second, time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var took []time.Duration
			for _, compare := range []time.Duration{ownTime, costlyTime} {
				synctest.Test(t, func(t *testing.T) {
					r := &refusals{now: time.Now, logger: slog.New(slog.DiscardHandler), costliest: func(context.Context) (time.Duration, error) {
						time.Sleep(300 * time.Millisecond)
						return costlyTime, nil
					}}
					if a.before > 0 {
						r.begin()
						time.Sleep(a.before)
					}
					took = append(took, attempt(t.Context(), r, a.queue, compare, a.hashes))
				})
			}
			if took[0] != took[1] || took[0] < a.queue+time.Duration(a.hashes)*costlyTime {
				t.Errorf("quick hashes took %v, costly ones %v", took[0], took[1])
			}
		})
	}
}

// The cost is found out once a minute, by one attempt of many.
func TestTheCostIsAskedForOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, now := 0, time.Now()
		r := &refusals{now: func() time.Time { return now }, logger: slog.New(slog.DiscardHandler), costliest: func(context.Context) (time.Duration, error) {
			asked++
			time.Sleep(time.Second)
			return costlyTime, nil
		}}
		many := func() {
			var group sync.WaitGroup
			for range 32 {
				group.Go(func() { attempt(t.Context(), r, 0, ownTime, 1) })
			}
			group.Wait()
		}
		for i, step := range []time.Duration{0, costAge - 1, 1, -costAge} {
			now = now.Add(step)
			many()
			if want := []int{1, 1, 2, 3}[i]; asked != want {
				t.Errorf("step %d: asked %d times, want %d", i, asked, want)
			}
		}
	})
}

// Where the machine is busier than when the cost was measured, quick hashes wait
// for longer as soon as one costly hash took longer, for some minutes, within
// bounds.
func TestABusierMachineRaisesTheCost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &refusals{now: time.Now, logger: slog.New(slog.DiscardHandler), costliest: func(context.Context) (time.Duration, error) {
			return costlyTime, nil
		}}
		idle := attempt(t.Context(), r, 0, ownTime, 1)
		busy := attempt(t.Context(), r, 0, 3*costlyTime, 1)
		if took := attempt(t.Context(), r, 0, ownTime, 1); took != busy || took <= 3*costlyTime {
			t.Errorf("quick hashes took %v, costly ones %v", took, busy)
		}
		for range 10 {
			time.Sleep(costAge)
			attempt(t.Context(), r, 0, ownTime, 1)
		}
		if took := attempt(t.Context(), r, 0, ownTime, 1); took != idle {
			t.Errorf("later it took %v, %v before", took, idle)
		}
		attempt(t.Context(), r, 0, time.Hour, 1)
		if took := attempt(t.Context(), r, 0, ownTime, 1); took != maxSlowdown*idle {
			t.Errorf("after a machine that stood still it took %v", took)
		}
	})
}

// A failure, or a panic of the host's store, keeps the earlier cost. A client that
// is gone is not waited for.
func TestAFailureKeepsTheEarlierCost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		fail := func() error { return nil }
		r := &refusals{now: time.Now, logger: slog.New(slog.NewTextHandler(&log, nil)), costliest: func(context.Context) (time.Duration, error) {
			return costlyTime, fail()
		}}
		usual := attempt(t.Context(), r, 0, ownTime, 1)
		for name, failure := range map[string]func() error{
			"error": func() error { return errors.New("broken") }, "panic": func() error { panic("broken") },
		} {
			time.Sleep(costAge)
			fail = failure
			if took := attempt(t.Context(), r, 0, ownTime, 1); took != usual || !strings.Contains(log.String(), "broken") {
				t.Errorf("%s: %v instead of %v, %s", name, took, usual, log.String())
			}
			log.Reset()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*ownTime)
		defer cancel()
		if took := attempt(ctx, r, 0, ownTime, 1); took != 2*ownTime {
			t.Errorf("a cancelled attempt took %v", took)
		}
	})
}
