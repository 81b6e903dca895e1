package outbox

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// The delay between attempts doubles from firstDelay to lastDelay.
const (
	firstDelay = 5 * time.Second
	lastDelay  = 15 * time.Minute
)

// state is what this process has done with an entry.
type state int

const (
	// unknown entries are not in Outbox.handled.
	unknown state = iota
	sending
	// delivered entries must not be sent again, even if the store still has them.
	delivered
)

// inFlight returns the ids of entries that this process is sending, or has sent and
// could not delete yet.
func (o *Outbox) inFlight() map[string]bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	ids := make(map[string]bool, len(o.handled))
	for id := range o.handled {
		ids[id] = true
	}
	return ids
}

// setState sets what this process has done with an entry.
func (o *Outbox) setState(id string, s state) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s == unknown {
		delete(o.handled, id)
		return
	}
	o.handled[id] = s
}

// remove deletes a delivered entry. If that fails, the entry stays in Outbox.handled
// until deleteDelivered succeeds.
func (o *Outbox) remove(e notify.Entry) {
	if err := o.delete(e.ID); err != nil {
		o.Logger.Error("outbox: a delivered message could not be deleted yet", "id", e.ID, "error", err)
		return
	}
	o.setState(e.ID, unknown)
}

// discard deletes an entry that will not be delivered.
func (o *Outbox) discard(e notify.Entry) {
	if err := o.delete(e.ID); err != nil {
		o.Logger.Error("outbox: a dropped message could not be deleted yet", "id", e.ID, "error", err)
	}
	o.setState(e.ID, unknown)
}

// retry makes an entry due again after a delay.
func (o *Outbox) retry(e notify.Entry) {
	delay := o.delay(e.Attempts)
	o.postpone(e, o.Now().Add(delay))
	if delay < o.Poll { // otherwise the next poll is early enough
		time.AfterFunc(delay, o.Wake)
	}
}

// postpone makes an entry due again at a time.
func (o *Outbox) postpone(e notify.Entry, until time.Time) {
	// Not o.ctx: Close cancels deliveries, but their results have to be stored.
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if err := o.Store.RescheduleMessage(ctx, e.ID, until.UTC()); err != nil {
		// The entry is due again when its claim ends.
		o.Logger.Error("outbox: a message could not be rescheduled", "id", e.ID, "error", err)
	}
	o.setState(e.ID, unknown)
}

func (o *Outbox) delete(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	return o.Store.DeleteMessage(ctx, id)
}

// deleteDelivered deletes entries that were delivered while the store was not
// available. It is called before each claim, so that they are not claimed again.
func (o *Outbox) deleteDelivered(ctx context.Context) {
	o.mu.Lock()
	var ids []string
	for id, s := range o.handled {
		if s == delivered {
			ids = append(ids, id)
		}
	}
	o.mu.Unlock()
	for _, id := range ids {
		if o.Store.DeleteMessage(ctx, id) != nil {
			return // the store is still not available
		}
		o.setState(id, unknown)
	}
}

// delay returns how long to wait after the given number of attempts. It adds up to a
// quarter at random, so that not all entries are due at the same time.
func (o *Outbox) delay(attempts int) time.Duration {
	delay := firstDelay
	for ; attempts > 1 && delay < lastDelay; attempts-- {
		delay *= 2
	}
	delay = min(delay, lastDelay)
	var draw [4]byte
	o.random.Lock()
	defer o.random.Unlock()
	if _, err := io.ReadFull(o.Rand, draw[:]); err != nil {
		return delay // the random part is optional
	}
	share := float64(binary.BigEndian.Uint32(draw[:])) / (1 << 32)
	return delay + time.Duration(share*float64(delay)/4)
}
