package outbox

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// A decoy is stored and deleted like a message, but not sent and not logged.
func TestDecoysAreDropped(t *testing.T) {
	t.Parallel()
	store, log, sent := newMemoryStore(), &journal{}, make(chan string, 4)
	o := newOutbox(t, Config{Store: store, Logger: log.logger(), Mailer: mailerFunc(
		func(_ context.Context, m notify.Message) error { sent <- m.ID; return nil }), Texter: texterFunc(
		func(_ context.Context, m notify.TextMessage) error { sent <- m.ID; return nil })})
	expires := time.Now().Add(time.Hour)
	decoy := mail(1)
	for _, err := range []error{
		o.Decoys().Mail(t.Context(), decoy, expires),
		o.Decoys().Text(t.Context(), notify.TextMessage{ID: "text", To: "+31201234567", Text: "code"}, expires),
		o.Mail(t.Context(), mail(2), expires),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	entry, real := store.entries[decoy.ID], store.entries["message2"]
	if entry.Channel != notify.ChannelDecoy || len(entry.Payload) != len(real.Payload) || bytes.Contains(entry.Payload, []byte(decoy.To)) {
		t.Errorf("entry: %+v", entry)
	}
	o.Start()
	o.Decoys().Wake()
	store.waitEmpty(t)
	if len(sent) != 1 || <-sent != "message2" {
		t.Error("a decoy was sent")
	}
	if text := log.String(); text != "" {
		t.Errorf("the log speaks of decoys: %s", text)
	}
}

// Decoys go into a store of their own where the host keeps the messages.
func TestDecoysStayOutOfTheStoreOfMessages(t *testing.T) {
	t.Parallel()
	hosts, ours := newMemoryStore(), newMemoryStore()
	o := newOutbox(t, Config{Store: hosts, Decoys: ours, Mailer: notify.SMTP{}})
	if err := o.Decoys().Mail(t.Context(), mail(1), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if len(hosts.entries) != 0 || len(ours.entries) != 1 {
		t.Errorf("%d messages of the host, %d of ours", len(hosts.entries), len(ours.entries))
	}
}
