package outbox

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/smtpsink"
	"github.com/allauth-go/allauth/notify"
)

func TestDeliversAtOnce(t *testing.T) {
	t.Parallel()
	sink, store := smtpsink.Start(t), newMemoryStore()
	o := newOutbox(t, Config{Store: store, Mailer: smtp(sink)})
	o.Start()
	o.Start()
	enqueue(t, o, time.Now().Add(time.Hour), 1)
	mails := sink.Wait(t, "user1@example.org", 1) // long before the next poll
	if got := mails[0].Code(); got != secret {
		t.Errorf("Code = %q", got)
	}
	if got := mails[0].Header.Get("Message-Id"); got != "<message1@example.com>" {
		t.Errorf("Message-ID = %q", got)
	}
	store.waitEmpty(t)
}

func TestOutage(t *testing.T) {
	t.Parallel()
	sink, store, clock := smtpsink.Start(t), newMemoryStore(), newClock()
	sink.Down()
	o := newOutbox(t, Config{Store: store, Mailer: smtp(sink), Now: clock.Now})
	o.Start()
	enqueue(t, o, clock.Now().Add(time.Hour), 1, 2, 3)
	store.waitRescheduled(t, 1, clock.Now().Add(7*time.Second))
	clock.advance(7 * time.Second)
	o.Wake()
	store.waitRescheduled(t, 2, clock.Now().Add(13*time.Second))
	sink.Up(t)
	clock.advance(13 * time.Second)
	o.Wake()
	for n := range 3 {
		sink.Wait(t, fmt.Sprintf("user%d@example.org", n+1), 1)
	}
	store.waitEmpty(t)
	if got := len(sink.Mails("")); got != 3 {
		t.Errorf("%d mails arrived, want 3", got)
	}
}

func TestTemporaryRefusal(t *testing.T) {
	t.Parallel()
	sink, store, clock := smtpsink.Start(t), newMemoryStore(), newClock()
	sink.Refuse(true)
	o := newOutbox(t, Config{Store: store, Mailer: smtp(sink), Now: clock.Now})
	o.Start()
	enqueue(t, o, clock.Now().Add(time.Hour), 1)
	store.waitRescheduled(t, 1, clock.Now().Add(7*time.Second))
	sink.Refuse(false)
	clock.advance(7 * time.Second)
	o.Wake()
	sink.Wait(t, "user1@example.org", 1)
	store.waitEmpty(t)
}

func TestPermanentRefusal(t *testing.T) {
	t.Parallel()
	sink, store, log := smtpsink.Start(t), newMemoryStore(), &journal{}
	sink.RejectRecipient("user1@example.org")
	o := newOutbox(t, Config{Store: store, Mailer: smtp(sink), Logger: log.logger()})
	o.Start()
	enqueue(t, o, time.Now().Add(time.Hour), 1, 2)
	store.waitEmpty(t)
	sink.Wait(t, "user2@example.org", 1)
	if got := len(sink.Mails("")); got != 1 {
		t.Errorf("%d mails arrived, want 1", got)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	for _, want := range []string{"refused for good", "550 5.1.1", "account/login_code", "message1", "attempt=1"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	for _, never := range []string{"example.org", secret, "Your code"} {
		if strings.Contains(text, never) {
			t.Errorf("the log holds %q:\n%s", never, text)
		}
	}
}

func TestSlowServerDelaysNoRequest(t *testing.T) {
	t.Parallel()
	sink, store := smtpsink.Start(t), newMemoryStore()
	sink.Delay(time.Hour)
	o := newOutbox(t, Config{Store: store, Mailer: smtp(sink), Workers: 1})
	o.Start()
	for n := range 100 {
		enqueue(t, o, time.Now().Add(time.Hour), n) // returns although nothing is delivered for an hour
	}
	sink.WaitAttempts(t, 1)
	if got := store.len(); got != 100 {
		t.Errorf("%d messages wait, want 100", got)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	sink, store, clock := smtpsink.Start(t), newMemoryStore(), newClock()
	config := Config{Store: store, Mailer: smtp(sink), Now: clock.Now}

	enqueue(t, newOutbox(t, config), clock.Now().Add(time.Hour), 1, 2) // ends without delivering
	if _, err := store.ClaimMessages(t.Context(), clock.Now(), time.Minute, 1); err != nil {
		t.Fatal(err) // another process claims one and dies
	}
	second := newOutbox(t, config)
	second.Start() // finds the rest unasked
	store.wait(t, "one delivered", func(entries map[string]notify.Entry) bool { return len(entries) == 1 })
	clock.advance(time.Minute)
	second.Wake()
	store.waitEmpty(t)

	third := newOutbox(t, config)
	third.Start()
	if err := third.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 2; n++ {
		if got := len(sink.Mails(mail(n).To)); got != 1 {
			t.Errorf("message %d arrived %d times", n, got)
		}
	}
}

func TestTwoProcessesSendOnce(t *testing.T) {
	t.Parallel()
	const messages = 60
	sink, store := smtpsink.Start(t), newMemoryStore()
	one := newOutbox(t, Config{Store: store, Mailer: smtp(sink)})
	two := newOutbox(t, Config{Store: store, Mailer: smtp(sink)})
	one.Start()
	two.Start()
	for n := range messages {
		enqueue(t, one, time.Now().Add(time.Hour), n)
		two.Wake()
	}
	store.waitEmpty(t)
	for n := range messages {
		if got := len(sink.Mails(mail(n).To)); got != 1 {
			t.Errorf("message %d arrived %d times", n, got)
		}
	}
}

func TestCloseDrains(t *testing.T) {
	t.Parallel()
	for _, started := range []bool{true, false} {
		t.Run(fmt.Sprintf("started=%v", started), func(t *testing.T) {
			t.Parallel()
			sink, store := smtpsink.Start(t), newMemoryStore()
			o := newOutbox(t, Config{Store: store, Mailer: smtp(sink), Workers: 2})
			if started {
				o.Start()
			}
			for n := range 15 {
				enqueue(t, o, time.Now().Add(time.Hour), n)
			}
			if err := o.Close(t.Context()); err != nil {
				t.Fatalf("Close: %v", err)
			}
			if got := len(sink.Mails("")); got != 15 || store.len() != 0 {
				t.Errorf("%d of 15 mails arrived, %d are left", got, store.len())
			}
			if err := o.Close(t.Context()); err != nil {
				t.Errorf("second Close: %v", err)
			}
			o.Start() // does nothing
		})
	}
}

func TestCloseDuringAnOutage(t *testing.T) {
	t.Parallel()
	sink, store := smtpsink.Start(t), newMemoryStore()
	sink.Delay(time.Hour)
	o := newOutbox(t, Config{Store: store, Mailer: smtp(sink), Workers: 2})
	o.Start()
	enqueue(t, o, time.Now().Add(time.Hour), 1, 2, 3)
	sink.WaitAttempts(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Close(ctx); err == nil {
		t.Error("Close reported success")
	}
	if got := store.len(); got != 3 {
		t.Errorf("%d messages are left, want 3", got)
	}
}
