package outbox

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// In these tests the clock advances only while all goroutines wait. They also fail if a
// goroutine is left at the end.

func TestRetriesByItself(t *testing.T) {
	t.Parallel()
	for _, poll := range []time.Duration{5 * time.Second, 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			store, begin := newMemoryStore(), time.Now()
			var tries []time.Duration
			o := newOutbox(t, Config{Store: store, Poll: poll, Rand: bytes.NewReader(nil), Mailer: mailerFunc(
				func(context.Context, notify.Message) error {
					tries = append(tries, time.Since(begin))
					if len(tries) < 12 {
						return errors.New("try later")
					}
					return nil
				})})
			o.Start()
			enqueue(t, o, begin.Add(24*time.Hour), 1)
			time.Sleep(3 * time.Hour)
			if err := o.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(tries) != 12 || store.len() != 0 {
				t.Fatalf("%d tries, %d messages left", len(tries), store.len())
			}
			delay := 5 * time.Second
			for i, at := range tries[1:] {
				if waited := at - tries[i]; waited < delay || waited > delay+10*time.Second {
					t.Errorf("try %d came after %v, want %v", i+2, waited, delay)
				}
				delay = min(2*delay, 15*time.Minute)
			}
		})
	}
}

func TestHungSenderBlocksItsWorkerOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, begin := newMemoryStore(), time.Now()
		sent := map[string]time.Duration{}
		delivered := make(chan notify.Message, 10)
		o := newOutbox(t, Config{Store: store, Workers: 2, SendTimeout: 30 * time.Second, Mailer: mailerFunc(
			func(ctx context.Context, m notify.Message) error {
				if m.ID == "message1" && time.Since(begin) < time.Minute {
					<-ctx.Done()
					return ctx.Err()
				}
				delivered <- m
				return nil
			})})
		o.Start()
		enqueue(t, o, begin.Add(time.Hour), 1, 2, 3, 4)
		for range 4 {
			m := <-delivered
			sent[m.ID] = time.Since(begin)
		}
		for _, id := range []string{"message2", "message3", "message4"} {
			if sent[id] > time.Second {
				t.Errorf("%s had to wait for %v", id, sent[id])
			}
		}
		// Two tries of 30 seconds, with waits of 5 and 10 seconds behind them.
		if at := sent["message1"]; at < 75*time.Second || at > 80*time.Second {
			t.Errorf("message1 was sent after %v", at)
		}
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSenderThatOutlivesItsClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, calls := newMemoryStore(), atomic.Int64{}
		o := newOutbox(t, Config{Store: store, Poll: time.Second, SendTimeout: 10 * time.Second, Mailer: mailerFunc(
			func(context.Context, notify.Message) error {
				calls.Add(1)
				time.Sleep(time.Minute) // ignores its context
				return nil
			})})
		o.Start()
		enqueue(t, o, time.Now().Add(time.Hour), 1)
		time.Sleep(3 * time.Minute)
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if calls.Load() != 1 || store.len() != 0 {
			t.Errorf("sent %d times, %d messages left", calls.Load(), store.len())
		}
	})
}

// slowStore delays calls, but by less than storeTimeout.
type slowStore struct{ *memoryStore }

func (s slowStore) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int, except ...string) ([]notify.Entry, error) {
	defer time.Sleep(4 * time.Second)
	return s.memoryStore.ClaimMessages(ctx, now, lease, limit, except...)
}

func (s slowStore) DeleteMessage(ctx context.Context, id string) error {
	time.Sleep(4 * time.Second)
	return s.memoryStore.DeleteMessage(ctx, id)
}

// A claim is valid until a delivery ends, even with the slowest store and sender.
func TestSlowStoreAndServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, calls := slowStore{newMemoryStore()}, atomic.Int64{}
		config := Config{Store: store, Poll: time.Second, SendTimeout: 10 * time.Second, Mailer: mailerFunc(
			func(context.Context, notify.Message) error {
				calls.Add(1)
				time.Sleep(9 * time.Second)
				return nil
			})}
		config.Sealer = newKeyring(t)
		first, second := newOutbox(t, config), newOutbox(t, config)
		enqueue(t, first, time.Now().Add(time.Hour), 1)
		first.Start()
		second.Start()
		time.Sleep(time.Minute)
		for _, o := range []*Outbox{first, second} {
			if err := o.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if calls.Load() != 1 {
			t.Errorf("sent %d times", calls.Load())
		}
	})
}

func TestDeliveredButNotDeletable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, calls := newMemoryStore(), atomic.Int64{}
		store.keepsRows = true
		o := newOutbox(t, Config{Store: store, Poll: time.Second, SendTimeout: 10 * time.Second, Mailer: mailerFunc(
			func(context.Context, notify.Message) error { calls.Add(1); return nil })})
		o.Start()
		enqueue(t, o, time.Now().Add(time.Hour), 1)
		time.Sleep(10 * time.Minute) // many claims run out
		store.change(func() { store.down = true })
		time.Sleep(time.Minute)
		if calls.Load() != 1 || store.len() != 1 {
			t.Fatalf("sent %d times, %d messages left", calls.Load(), store.len())
		}
		store.change(func() { store.down, store.keepsRows = false, false })
		time.Sleep(2 * time.Second)
		if calls.Load() != 1 || store.len() != 0 {
			t.Errorf("after the outage: sent %d times, %d messages left", calls.Load(), store.len())
		}
		if len(o.inFlight()) != 0 {
			t.Error("the id is remembered for ever")
		}
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestStoreOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, calls, failed := newMemoryStore(), atomic.Int64{}, false
		o := newOutbox(t, Config{Store: store, Poll: time.Second, SendTimeout: 10 * time.Second, Mailer: mailerFunc(
			func(context.Context, notify.Message) error {
				if !failed { // nor can the failure be noted
					failed = true
					store.change(func() { store.down = true })
					return errors.New("try later")
				}
				calls.Add(1)
				return nil
			})})
		o.Start()
		enqueue(t, o, time.Now().Add(time.Hour), 1)
		time.Sleep(time.Minute)
		if err := o.Mail(t.Context(), mail(2), time.Now().Add(time.Hour)); !errors.Is(err, errStoreDown) {
			t.Errorf("Mail = %v", err)
		}
		store.change(func() { store.down = false })
		time.Sleep(2 * time.Second)
		if calls.Load() != 1 || store.len() != 0 {
			t.Errorf("sent %d times, %d messages left", calls.Load(), store.len())
		}
		store.change(func() { store.down = true })
		if err := o.Close(t.Context()); !errors.Is(err, errStoreDown) {
			t.Errorf("Close = %v", err)
		}
	})
}

func TestCloseGivesUpOnDeafSenders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangUp := make(chan struct{})
		o := newOutbox(t, Config{Store: newMemoryStore(), Mailer: mailerFunc(
			func(context.Context, notify.Message) error { <-hangUp; return nil })})
		o.Start()
		enqueue(t, o, time.Now().Add(time.Hour), 1)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin, second := time.Now(), make(chan error)
		go func() { second <- o.Close(ctx) }()
		if err := o.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close = %v", err)
		}
		if err := <-second; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the second Close = %v", err)
		}
		if took := time.Since(begin); took > time.Second+closeGrace {
			t.Errorf("Close took %v", took)
		}
		close(hangUp)
	})
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	store, clock, log := newMemoryStore(), newClock(), &journal{}
	o := newOutbox(t, Config{Store: store, Now: clock.Now, Logger: log.logger(), Mailer: mailerFunc(
		func(_ context.Context, m notify.Message) error {
			if m.ID == "message1" {
				t.Error("an expired message was sent")
			}
			return nil
		})})
	begin := clock.Now()
	enqueue(t, o, begin.Add(10*time.Minute), 1)
	enqueue(t, o, begin.Add(10*time.Minute+time.Second), 2)
	clock.advance(10 * time.Minute)
	o.Start()
	store.waitEmpty(t)
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); strings.Count(got, "expired") != 1 || !strings.Contains(got, "id=message1") {
		t.Errorf("the log says:\n%s", got)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		attempts int
		draw     string
		want     time.Duration
	}{
		{0, "", 5 * time.Second},
		{1, "", 5 * time.Second},
		{1, "\x00\x00\x00\x00", 5 * time.Second},
		{1, "\x80\x00\x00\x00", 5*time.Second + 625*time.Millisecond},
		{2, "", 10 * time.Second},
		{5, "", 80 * time.Second},
		{8, "", 640 * time.Second},
		{9, "", 15 * time.Minute},
		{1 << 30, "\x80\x00\x00\x00", 15*time.Minute + 112500*time.Millisecond},
	}
	for _, test := range tests {
		o := New(Config{Rand: strings.NewReader(test.draw)})
		if got := o.delay(test.attempts); got != test.want {
			t.Errorf("delay(%d) with %q = %v, want %v", test.attempts, test.draw, got, test.want)
		}
	}
}
