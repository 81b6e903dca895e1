package clean

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/allauth-go/allauth/ratelimit"
)

// rows are rows to delete. A batch takes its time, and may fail or panic.
type rows struct {
	takes   time.Duration
	mu      sync.Mutex // guards what follows from the goroutines of several servers
	left    int
	failure error
	passes  []time.Time // when a batch found nothing more
	longest int
}

func (r *rows) batch(ctx context.Context, _ time.Time, limit int) (int, error) {
	if err := sleep(ctx, r.takes); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil {
		panic(r.failure)
	}
	n := min(r.left, limit)
	r.left -= n
	r.longest = max(r.longest, n)
	if n < limit {
		r.passes = append(r.passes, time.Now())
	}
	return n, nil
}

// passed returns how many rows are left, and when passes found nothing more.
func (r *rows) passed() (left int, passes []time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.left, slices.Clone(r.passes)
}

func newCleaner(limits ratelimit.Store, log io.Writer, all ...*rows) *Cleaner {
	config := Config{Limits: limits, Period: 10 * time.Minute, Now: time.Now, Rand: rand.Reader, Logger: slog.New(slog.NewTextHandler(log, nil))}
	for _, r := range all {
		config.Steps = append(config.Steps, Step{"rows", r.batch})
	}
	return New(config)
}

// Other requests have the database for most of the time of a pass.
func TestBatchesAreShortWithPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &rows{left: 1010, takes: 10 * time.Millisecond}
		begin := time.Now()
		if err := newCleaner(nil, io.Discard, r).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		const batches, gaps = 11, 10
		if took := time.Since(begin); r.left != 0 || r.longest > 100 || took != batches*r.takes+gaps*9*r.takes {
			t.Errorf("%d rows are left, a batch deleted %d, and all took %v", r.left, r.longest, took)
		}
	})
}

func TestAStepThatFailsKeepsNoOtherFromRunning(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	broken, other := &rows{failure: errors.New("torn")}, &rows{left: 7}
	err := newCleaner(nil, &log, broken, other).Run(t.Context())
	if err == nil || other.left != 0 || !strings.Contains(log.String(), "torn") {
		t.Errorf("%v, %d rows are left, logged: %s", err, other.left, &log)
	}
}

// A step that has more to do than fits in a pass leaves the next pass to the others.
func TestALongStepKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		long, other := &rows{left: 1e9, takes: time.Second}, &rows{left: 7}
		c := newCleaner(ratelimit.NewMemoryStore(), io.Discard, long, other)
		c.Start()
		time.Sleep(time.Hour)
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if left, _ := other.passed(); left != 0 {
			t.Errorf("%d rows of the other step are left", left)
		}
		if left, passes := long.passed(); left == 1e9 || len(passes) > 0 {
			t.Errorf("the long step has %d rows left after %d passes", left, len(passes))
		}
	})
}

// Of several servers one works in each period.
func TestServersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits, all := ratelimit.NewMemoryStore(), &rows{}
		var servers []*Cleaner
		for range 5 {
			servers = append(servers, newCleaner(limits, io.Discard, all))
			servers[len(servers)-1].Start()
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if _, passes := all.passed(); len(passes) != 1 {
			t.Errorf("%d passes in the first minutes", len(passes))
		}
		time.Sleep(2 * time.Hour)
		for _, c := range servers {
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		_, passes := all.passed()
		if n := len(passes); n < 9 || n > 13 {
			t.Errorf("%d passes in two hours", n)
		}
		for i, at := range passes[1:] {
			if gap := at.Sub(passes[i]); gap < 10*time.Minute {
				t.Errorf("a pass began %v after another", gap)
			}
		}
	})
}

// After a failure the next pass comes as usual, and it is logged.
func TestAFailureDoesNotEndTheWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := &rows{failure: errors.New("torn")}
		c := newCleaner(ratelimit.NewMemoryStore(), &log, r)
		c.Start()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if !strings.Contains(log.String(), "could not be deleted") {
			t.Errorf("logged: %s", &log)
		}
		r.mu.Lock()
		r.failure = nil
		r.mu.Unlock()
		time.Sleep(time.Hour)
		err := c.Close(t.Context())
		if _, passes := r.passed(); err != nil || len(passes) == 0 {
			t.Errorf("%v, %d passes", err, len(passes))
		}
	})
}

func TestCloseStopsAPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &rows{left: 1e9, takes: time.Second}
		c := newCleaner(ratelimit.NewMemoryStore(), io.Discard, r)
		c.Start()
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		if left, _ := r.passed(); left == 1e9 {
			t.Fatal("no pass has begun")
		}
		begin := time.Now()
		if err := c.Close(t.Context()); err != nil || time.Since(begin) > 0 {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		c.Start()
		left, _ := r.passed()
		time.Sleep(time.Hour)
		synctest.Wait()
		if now, _ := r.passed(); now != left {
			t.Error("rows are deleted after Close")
		}
		if err := newCleaner(nil, io.Discard).Close(t.Context()); err != nil {
			t.Errorf("Close without Start: %v", err)
		}
	})
}
