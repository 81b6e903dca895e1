// Package clean deletes rows that are no longer needed, in the background and in
// short batches. It imports no flow: the root lists the steps of a pass.
package clean

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/ratelimit"
)

// Step is one kind of rows. Batch deletes at most limit of those that are no longer
// needed at a time, and returns how many it deleted; fewer than limit means that none
// are left.
type Step struct {
	Name  string
	Batch func(ctx context.Context, now time.Time, limit int) (int, error)
}

// Config holds the arguments of New. All are required.
type Config struct {
	Steps  []Step
	Limits ratelimit.Store
	Now    func() time.Time
	Rand   io.Reader
	Logger *slog.Logger
	// Period is how often one of the servers that share Limits runs a pass in the
	// background.
	Period time.Duration
}

// batch is the largest number of rows of one call. SQLite lets no other request write
// meanwhile.
const batch = 100

// A pause between two batches is pauses times as long as the batch was. SQLite's
// requests try again after a while when they find the database locked, and fail to
// find it free more than twice in a row in one of a thousand cases.
const (
	pauses   = 9
	maxPause = time.Second
)

// Cleaner runs the steps. It is safe for concurrent use.
type Cleaner struct {
	Config

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	mu      sync.Mutex
	started bool
	done    chan struct{} // closed when the background pass has ended

	next int // the step that a pass in the background begins with
}

// New returns a Cleaner. It works in the background after Start.
func New(config Config) *Cleaner {
	ctx, cancel := context.WithCancel(context.Background())
	return &Cleaner{Config: config, ctx: ctx, cancel: cancel, done: make(chan struct{})}
}

// Run runs all steps until nothing is left to delete or ctx ends. A step that fails
// does not keep the others from running; the first error is returned.
func (c *Cleaner) Run(ctx context.Context) (err error) {
	for _, step := range c.Steps {
		err = cmp.Or(err, c.run(ctx, step))
	}
	return err
}

func (c *Cleaner) run(ctx context.Context, step Step) error {
	for {
		begin := time.Now()
		n, err := c.call(ctx, step)
		if err != nil {
			return fmt.Errorf("clean: %s: %w", step.Name, err)
		}
		if n < batch {
			return nil
		}
		if err := sleep(ctx, min(pauses*time.Since(begin), maxPause)); err != nil {
			return err
		}
	}
}

// call runs one batch. It turns a panic of a host's store into an error.
func (c *Cleaner) call(ctx context.Context, step Step) (n int, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = hook.Recovered(ctx, c.Logger, "the store", value)
		}
	}()
	return step.Batch(ctx, c.Now(), batch)
}

// Start begins to clean in the background. Later calls, and calls after Close, do
// nothing.
func (c *Cleaner) Start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started || c.ctx.Err() != nil {
		return
	}
	c.started = true
	go func() {
		defer close(c.done)
		c.loop()
	}()
}

// Close ends the work in the background, and waits for it until ctx ends.
func (c *Cleaner) Close(ctx context.Context) error {
	c.cancel()
	c.mu.Lock()
	started := c.started
	c.mu.Unlock()
	if !started {
		return nil
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("clean: close: %w", ctx.Err())
	}
}

// loop runs passes until Close. The first one comes soon, for servers that are
// restarted often. Pauses are up to a half longer than they must be, so that servers
// that start together do not meet.
func (c *Cleaner) loop() {
	for wait := c.Period / 5; ; wait = c.Period {
		seed, err := c.random()
		if err == nil {
			err = sleep(c.ctx, wait+time.Duration(seed[0])*wait/512)
		}
		if err == nil {
			err = c.pass(hex.EncodeToString(seed[1:]))
		}
		if c.ctx.Err() != nil {
			return
		}
		if err != nil {
			c.Logger.Error("rows that are no longer needed could not be deleted", "error", err)
			_ = sleep(c.ctx, c.Period/10) // the loop ends if c.ctx has
		}
	}
}

// random returns a number for the pause, and an id for the counter.
func (c *Cleaner) random() (seed [13]byte, err error) {
	_, err = io.ReadFull(c.Rand, seed[:])
	return seed, err
}

// key is the counter of passes in the background. It has no colon, so it differs from
// those of limits.
const key = "clean"

// pass runs the steps for at most a period, unless another server has done so within
// the last one. It begins with the step after the one that the period of the last pass cut
// short, so that a step with much to do keeps no other waiting for ever.
func (c *Cleaner) pass(id string) (err error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.Period)
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			err = hook.Recovered(ctx, c.Logger, "the store", value)
		}
	}()
	refusal, err := c.Limits.ChargeBuckets(ctx, c.Now(), id, []ratelimit.Bucket{{Key: key, Amount: 1, Per: c.Period}})
	if err != nil || refusal != nil {
		return err
	}
	for range c.Steps {
		step := c.Steps[c.next]
		c.next = (c.next + 1) % len(c.Steps)
		failure := c.run(ctx, step)
		if ctx.Err() != nil {
			return nil // what is left is for the next pass
		}
		err = cmp.Or(err, failure)
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
