package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/notify"
)

func TestTextMessages(t *testing.T) {
	t.Parallel()
	store, texted := newMemoryStore(), make(chan notify.TextMessage, 1)
	o := newOutbox(t, Config{Store: store, Texter: texterFunc(
		func(_ context.Context, m notify.TextMessage) error { texted <- m; return nil })})
	o.Start()
	want := notify.TextMessage{ID: "t1", Kind: notify.TextVerificationCode, To: "+31201234567", Text: "code\n" + secret}
	if err := o.Text(t.Context(), want, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	o.Wake()
	if got := <-texted; got != want {
		t.Errorf("another message was sent: %q", got.Text)
	}
	store.waitEmpty(t)
}

func TestEnqueueProblems(t *testing.T) {
	t.Parallel()
	o, expires := newOutbox(t, Config{Store: newMemoryStore()}), time.Now().Add(time.Hour)
	if err := o.Mail(t.Context(), mail(1), expires); err == nil || !strings.Contains(err.Error(), "Config.Mailer") {
		t.Errorf("Mail without a Mailer = %v", err)
	}
	if err := o.Text(t.Context(), notify.TextMessage{ID: "t"}, expires); err == nil || !strings.Contains(err.Error(), "Config.Texter") {
		t.Errorf("Text without a Texter = %v", err)
	}
	o.Mailer = notify.SMTP{}
	if err := o.Mail(t.Context(), notify.Message{}, expires); err == nil {
		t.Error("Mail took a message without an ID")
	}
}

func TestStoreHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	store := newMemoryStore()
	o := newOutbox(t, Config{Store: store, Mailer: notify.SMTP{}})
	enqueue(t, o, time.Now().Add(time.Hour), 1)
	e := store.entries["message1"]
	if e.Channel != notify.ChannelMail || e.Attempts != 0 || e.NotBefore.After(time.Now()) || !e.ExpiresAt.After(time.Now()) {
		t.Errorf("entry: %+v", e)
	}
	for _, never := range []string{secret, "user1", "account/"} {
		if bytes.Contains(e.Payload, []byte(never)) {
			t.Errorf("the payload holds %q", never)
		}
	}
}

// A payload that was copied to another row, or forged, is not sent.
func TestForeignPayload(t *testing.T) {
	t.Parallel()
	store, clock, log := newMemoryStore(), newClock(), &journal{}
	o := newOutbox(t, Config{Store: store, Now: clock.Now, Logger: log.logger(), Mailer: mailerFunc(
		func(context.Context, notify.Message) error { t.Error("it was sent"); return nil })})
	enqueue(t, o, clock.Now().Add(time.Hour), 1)
	store.change(func() {
		moved := store.entries["message1"]
		moved.ID = "other"
		delete(store.entries, "message1")
		store.entries["other"] = moved
	})
	o.Start()
	store.waitRescheduled(t, 1, clock.Now().Add(7*time.Second))
	clock.advance(time.Hour)
	o.Wake()
	store.waitEmpty(t)
	if !strings.Contains(log.String(), "unreadable") {
		t.Errorf("the log says:\n%s", log)
	}
}

func TestPanickingSender(t *testing.T) {
	t.Parallel()
	store, clock, log := newMemoryStore(), newClock(), &journal{}
	var mu sync.Mutex
	tries := map[string]int{}
	o := newOutbox(t, Config{Store: store, Now: clock.Now, Workers: 1, Logger: log.logger(), Mailer: mailerFunc(
		func(_ context.Context, m notify.Message) error {
			mu.Lock()
			defer mu.Unlock()
			tries[m.ID]++
			if m.ID == "message1" && tries[m.ID] == 1 {
				panic("cannot mail " + m.To)
			}
			return nil
		})})
	o.Start()
	enqueue(t, o, clock.Now().Add(time.Hour), 1, 2)
	store.wait(t, "message2 delivered", func(entries map[string]notify.Entry) bool { return len(entries) == 1 })
	store.waitRescheduled(t, 1, clock.Now().Add(7*time.Second))
	clock.advance(7 * time.Second)
	o.Wake()
	store.waitEmpty(t)
	if got := log.String(); strings.Contains(got, "example.org") || !strings.Contains(got, "panicked") {
		t.Errorf("the log says:\n%s", got)
	}
}

// Entries of a channel that this process does not serve wait for one that does.
func TestMissingSender(t *testing.T) {
	t.Parallel()
	store, clock, log := newMemoryStore(), newClock(), &journal{}
	writer := newOutbox(t, Config{Store: store, Now: clock.Now, Mailer: notify.SMTP{}})
	enqueue(t, writer, clock.Now().Add(time.Hour), 1)
	o := newOutbox(t, Config{Store: store, Now: clock.Now, Logger: log.logger()})
	o.Start()
	store.waitRescheduled(t, 1, clock.Now().Add(7*time.Second))
	if !strings.Contains(log.String(), "no sender for this channel: mail") {
		t.Errorf("the log says:\n%s", log)
	}
}

func TestStoreThatHandsOutTooMuch(t *testing.T) {
	t.Parallel()
	store, clock := newMemoryStore(), newClock()
	store.overreport = true
	o := newOutbox(t, Config{Store: store, Now: clock.Now, Workers: 2, Mailer: mailerFunc(
		func(context.Context, notify.Message) error { return nil })})
	enqueue(t, o, clock.Now().Add(time.Hour), 1, 2, 3, 4, 5)
	o.Start()
	for left := 3; left >= 0; left -= 2 {
		store.wait(t, "two delivered", func(entries map[string]notify.Entry) bool { return len(entries) <= left })
		clock.advance(time.Minute)
		o.Wake()
	}
	store.waitEmpty(t)
}

func TestClass(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want string
	}{
		{fmt.Errorf("mail to ann@example.org: %w", &notify.DeliveryError{Step: "recipient", Code: 452}), "notify: recipient failed: status 452"},
		{fmt.Errorf("ann@example.org: %w", context.DeadlineExceeded), "timed out"},
		{fmt.Errorf("ann@example.org: %w", context.Canceled), "cancelled"},
		{errors.New("ann@example.org unknown"), "error of type *errors.errorString"},
		{fmt.Errorf("%w: %w", errUnreadable, errors.New("hidden")), errUnreadable.Error()},
	}
	for _, test := range tests {
		if got := class(test.err); got != test.want {
			t.Errorf("class(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}
