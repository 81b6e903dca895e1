package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// Event is an event for a webhook.
type Event struct {
	// ID is the ID of the event, Name its name.
	ID, Name string
	// Target is the URL of the webhook. After a failure all its entries wait.
	Target string
	// Body is what the webhook receives.
	Body json.RawMessage
}

// Poster sends events to webhooks.
type Poster interface {
	Post(ctx context.Context, e Event) error
}

// Event writes an event to the store, in the transaction of ctx if there is one, as the
// entry with that id. The worker does not send it after expires.
func (o *Outbox) Event(ctx context.Context, id string, e Event, expires time.Time) error {
	if o.Poster == nil {
		return errors.New("outbox: Config.Poster is nil: set it to send events")
	}
	return o.enqueue(ctx, o.Store, id, notify.ChannelWebhook, e, expires)
}

// Event writes the decoy of an event, see Mail.
func (d Decoys) Event(ctx context.Context, id string, e Event, _ time.Time) error {
	return d.o.enqueue(ctx, d.o.Config.Decoys, id, notify.ChannelDecoy, e, d.o.Now())
}

// pause is how long the entries of a target wait, because one of them could not be
// delivered. Without it, each of many entries would occupy a worker until its timeout.
type pause struct {
	until    time.Time
	failures int // in a row
}

// pausedUntil returns when the target is tried again, and whether it waits.
func (o *Outbox) pausedUntil(target string) (until time.Time, waits bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	until = o.paused[target].until
	return until, o.Now().Before(until)
}

// noteResult pauses the target after a failure, longer after each in a row, and ends the
// pause after a success. Deliveries that were in flight when the pause began do not
// prolong it.
func (o *Outbox) noteResult(target string, err error) {
	if target == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		delete(o.paused, target)
		return
	}
	p := o.paused[target]
	if now := o.Now(); !now.Before(p.until) {
		p.failures++
		p.until = now.Add(o.delay(p.failures))
		o.paused[target] = p
	}
}
