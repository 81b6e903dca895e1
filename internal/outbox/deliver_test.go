package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/smtpsink"
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
	if got := <-texted; !reflect.DeepEqual(got, want) {
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

// hostileError panics when it is printed.
type hostileError struct{}

func (hostileError) Error() string { panic("no text") }

// The log says what the mail server or the gateway said, but neither to whom the message
// goes nor what it says.
func TestDescribe(t *testing.T) {
	t.Parallel()
	mail := opened{secrets: recipient("ann.lee@example.org", "Your code", "Hello,\n\nyour code is ABCD-EFGH.\nOpen https://app.example/key/Xyz12345?next=1 to log in.")}
	text := opened{secrets: recipient("+31612345678", "ABCD-EFGH is your code")}
	for name, test := range map[string]struct {
		m    opened
		err  error
		want string
	}{
		"the response of a mail server": {
			mail,
			fmt.Errorf("mail to ann.lee@example.org: %w", sinkError(t)),
			"mail to …: notify: recipient failed: status 550 5.1.1: ", // and the response
		},
		"a host's error":              {mail, errors.New("quota of the account is used up"), "quota of the account is used up"},
		"an address":                  {mail, errors.New("550 <Ann.Lee@example.org>: sender bob@example.com may not relay"), "550 <…>: sender … may not relay"},
		"an escaped address":          {mail, errors.New("to=ann.lee%40example.org refused"), "to=… refused"},
		"the name of the mailbox":     {mail, errors.New("no mailbox ann.lee here"), "no mailbox … here"},
		"the code and the link":       {mail, errors.New("spam: ABCD-EFGH, Xyz12345"), "spam: …, …"},
		"the message":                 {mail, errors.New("spam: Your code"), "spam: …"},
		"the key of a gateway":        {mail, errors.New(`Post "https://api.example/v1/key-123?to=x": connection refused`), `Post "https://api.example/…": connection refused`},
		"a password in a URL":         {mail, errors.New(`dial smtp://app:hunt/er2@mail.example:25: no route to host`), `dial smtp://… no route to host`},
		"a phone number":              {text, errors.New("+31 6 1234-5678 unreachable via 192.168.100.200:8080"), "… unreachable via 192.168.100.200:8080"},
		"a phone number without plus": {text, errors.New("0612345678 unreachable"), "061… unreachable"},
		"the code of a text":          {text, errors.New("ABCD-EFGH is no unicode"), "… is no unicode"},
		"a time limit":                {mail, fmt.Errorf("ann.lee@example.org: %w", context.DeadlineExceeded), "…: context deadline exceeded"},
		"an error that panics":        {mail, hostileError{}, "%!v(PANIC=Error method: no text)"},
		"an empty error":              {mail, errors.New(""), "error of type *errors.errorString"},
		"a message of another key":    {mail, fmt.Errorf("%w: %w", errUnreadable, errors.New("hidden")), errUnreadable.Error()},
	} {
		got := test.m.describe(test.err)
		same := got == test.want || strings.HasSuffix(test.want, " ") && strings.HasPrefix(got, test.want)
		if !same || strings.Contains(got, "ann.lee") {
			t.Errorf("%s: %v is described as %q, want %q", name, test.err, got, test.want)
		}
	}
}

// sinkError is the error of a mail server that refuses a recipient.
func sinkError(t *testing.T) error {
	t.Helper()
	sink := smtpsink.Start(t)
	sink.RejectRecipient("ann.lee@example.org")
	err := smtp(sink).Send(t.Context(), notify.Message{ID: "message1", To: "ann.lee@example.org", Subject: "s", Text: "t"})
	if err == nil {
		t.Fatal("the server accepted the recipient")
	}
	return err
}
