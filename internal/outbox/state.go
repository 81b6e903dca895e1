package outbox

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// The delay before the next try doubles from the first to the last.
const (
	firstDelay = 5 * time.Second
	lastDelay  = 15 * time.Minute
)

// state is what this process did with an entry that may still be in the store.
type state int

const (
	untouched state = iota
	sending
	// delivered entries must not be sent again, whatever the store says.
	delivered
)

// inHand returns the entries that are being sent or could not be deleted yet.
func (o *Outbox) inHand() map[string]bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	ids := make(map[string]bool, len(o.handled))
	for id := range o.handled {
		ids[id] = true
	}
	return ids
}

// settle notes what this process did with an entry.
func (o *Outbox) settle(id string, s state) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s == untouched {
		delete(o.handled, id)
		return
	}
	o.handled[id] = s
}

// remove deletes a delivered entry, and remembers it until that succeeds.
func (o *Outbox) remove(e notify.Entry) {
	if err := o.delete(e.ID); err != nil {
		o.Logger.Error("outbox: a delivered message could not be deleted yet", "id", e.ID, "error", err)
		return
	}
	o.settle(e.ID, untouched)
}

// discard deletes an entry that will never be delivered.
func (o *Outbox) discard(e notify.Entry) {
	if err := o.delete(e.ID); err != nil {
		o.Logger.Error("outbox: a dropped message could not be deleted yet", "id", e.ID, "error", err)
	}
	o.settle(e.ID, untouched)
}

// retry makes an entry due again after a delay.
func (o *Outbox) retry(e notify.Entry) {
	delay := o.delay(e.Attempts)
	// Close cancels deliveries, but not the notes about how they ended.
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if err := o.Store.RescheduleMessage(ctx, e.ID, o.Now().UTC().Add(delay)); err != nil {
		// It becomes due by itself when the claim runs out.
		o.Logger.Error("outbox: a message could not be rescheduled", "id", e.ID, "error", err)
	}
	o.settle(e.ID, untouched)
	if delay < o.Poll { // otherwise polling finds it early enough
		time.AfterFunc(delay, o.Wake)
	}
}

func (o *Outbox) delete(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	return o.Store.DeleteMessage(ctx, id)
}

// forgetDelivered deletes what was delivered while the store was away. It does
// so before each claim, so that no claim hands out such an entry again.
func (o *Outbox) forgetDelivered(ctx context.Context) {
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
			return // the store is still away
		}
		o.settle(id, untouched)
	}
}

// delay is how long to wait after the given number of attempts, with up to a
// quarter added at random so that not all messages return at once.
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
		return delay // without chance it still works
	}
	share := float64(binary.BigEndian.Uint32(draw[:])) / (1 << 32)
	return delay + time.Duration(share*float64(delay)/4)
}
