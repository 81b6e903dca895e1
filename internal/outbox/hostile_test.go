package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// The log has the value of a sender's panic, but neither the message nor the recipient.
func TestWhatASenderPanicsWithIsLogged(t *testing.T) {
	t.Parallel()
	m := mail(1)
	m.Subject, m.Text, m.HTML = "Your code", "Your code is ABCD-EFGH.\nOpen https://example.com/key/xyz12345", "<b>ABCD-EFGH</b>"
	for name, value := range map[string]any{
		"text": "no gateway for " + m.To, "code": errors.New("no gateway: ABCD-EFGH"), "message": fmt.Errorf("no gateway: %v", m),
		"contents": []string{"no gateway", m.Text, m.Subject, m.HTML}, "link": "no gateway: https://example.com/key/xyz12345",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store, log, failed := newMemoryStore(), &journal{}, false
				o := newOutbox(t, Config{Store: store, Logger: log.logger(), Mailer: mailerFunc(func(context.Context, notify.Message) error {
					if !failed {
						failed = true
						panic(value)
					}
					return nil
				})})
				o.Start()
				if err := o.Mail(t.Context(), m, time.Now().Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
				o.Wake()
				time.Sleep(10 * time.Minute)
				if err := o.Close(t.Context()); err != nil || store.len() != 0 {
					t.Errorf("%v, %d messages left; the log says %s", err, store.len(), log.String())
				}
				got := log.String()
				if !strings.Contains(got, "no gateway") || !strings.Contains(got, "Mailer") || !strings.Contains(got, "hostile_test.go") {
					t.Errorf("the log says %s", got)
				}
				for _, secret := range []string{m.To, "ABCD-EFGH", "xyz12345"} {
					if strings.Contains(got, secret) {
						t.Errorf("the log says %q: %s", secret, got)
					}
				}
			})
		})
	}
}

// Senders that never return hold up no other message, and do not pile up.
func TestSendersThatNeverReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, hangUp := newMemoryStore(), make(chan struct{})
		var sent, stuck atomic.Int64
		o := newOutbox(t, Config{Store: store, Workers: 2, Mailer: mailerFunc(func(_ context.Context, m notify.Message) error {
			if m.To == "user999@example.org" {
				sent.Add(1)
				return nil
			}
			stuck.Add(1)
			<-hangUp
			return nil
		})})
		o.Start()
		for n := range 5 {
			enqueue(t, o, time.Now().Add(24*time.Hour), n)
		}
		good := mail(999)
		if err := o.Mail(t.Context(), good, time.Now().Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		o.Wake()
		time.Sleep(5 * time.Minute)
		if sent.Load() != 1 || stuck.Load() != 5 {
			t.Errorf("sent %d while %d senders hang", sent.Load(), stuck.Load())
		}
		for n := 100; n < 200; n++ {
			enqueue(t, o, time.Now().Add(24*time.Hour), n)
		}
		time.Sleep(time.Hour)
		if stuck.Load() != maxAbandoned+2 {
			t.Errorf("%d senders hang", stuck.Load())
		}
		close(hangUp)
		time.Sleep(time.Hour)
		if err := o.Close(t.Context()); err != nil || store.len() != 0 {
			t.Errorf("%v, %d messages left", err, store.len())
		}
		if n := o.abandoned.Load(); n != 0 || len(o.inFlight()) != 0 {
			t.Errorf("%d abandoned, %d in hand", n, len(o.inFlight()))
		}
	})
}

// panickingStore panics at every call but those that write a message, while it is armed.
type panickingStore struct {
	*memoryStore
	on *atomic.Bool
}

func (s panickingStore) act() {
	if s.on.Load() {
		panic("no tables")
	}
}

func (s panickingStore) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int, except ...string) ([]notify.Entry, error) {
	s.act()
	return s.memoryStore.ClaimMessages(ctx, now, lease, limit)
}

func (s panickingStore) DeleteMessage(ctx context.Context, id string) error {
	s.act()
	return s.memoryStore.DeleteMessage(ctx, id)
}

func (s panickingStore) RescheduleMessage(ctx context.Context, id string, notBefore time.Time) error {
	s.act()
	return s.memoryStore.RescheduleMessage(ctx, id, notBefore)
}

func TestAStoreThatPanicsIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]bool{"after a delivery": false, "after a failure": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var on atomic.Bool
				var calls atomic.Int64
				log, store := &journal{}, panickingStore{newMemoryStore(), &on}
				o := newOutbox(t, Config{Store: store, Logger: log.logger(), Mailer: mailerFunc(func(context.Context, notify.Message) error {
					if calls.Add(1) == 1 {
						on.Store(true)
						if fails {
							return errors.New("try later")
						}
					}
					return nil
				})})
				o.Start()
				enqueue(t, o, time.Now().Add(24*time.Hour), 1)
				time.Sleep(time.Minute)
				on.Store(false)
				time.Sleep(10 * time.Minute)
				want := int64(1)
				if fails {
					want = 2
				}
				if err := o.Close(t.Context()); err != nil || store.len() != 0 || calls.Load() != want {
					t.Errorf("%v, %d messages left, %d calls", err, store.len(), calls.Load())
				}
				if !strings.Contains(log.String(), "no tables") {
					t.Errorf("the log says %s", log)
				}
			})
		})
	}
}
