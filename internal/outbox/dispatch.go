package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// storeTimeout limits one call of the store.
const storeTimeout = 5 * time.Second

// dispatch delivers entries that are due until Close stops it.
func (o *Outbox) dispatch() {
	ticker := time.NewTicker(o.Poll)
	defer ticker.Stop()
	for {
		free, ok := o.acquire()
		if !ok {
			return
		}
		claimed, err := o.claimAndDeliver(o.ctx, free)
		if err != nil {
			o.Logger.Error("outbox: claiming messages failed", "error", err)
		}
		if claimed == free {
			continue // more entries may be due
		}
		select {
		case <-o.wake:
		case <-ticker.C:
		case <-o.stop:
			return
		}
	}
}

// acquire waits for a free slot, takes all that are free and returns their
// number. It reports false once the outbox is closing.
func (o *Outbox) acquire() (free int, ok bool) {
	select {
	case <-o.stop:
		return 0, false
	default:
	}
	select {
	case o.slots <- struct{}{}:
		free = 1
	case <-o.stop:
		return 0, false
	}
	for free < cap(o.slots) {
		select {
		case o.slots <- struct{}{}:
			free++
		default:
			return free, true
		}
	}
	return free, true
}

func (o *Outbox) release(slots int) {
	for range slots {
		<-o.slots
	}
}

// claimAndDeliver claims as many due entries as the caller has acquired slots, delivers
// them in the background and returns their number. A claim is valid for as long as the
// claim itself, the delivery and storing its result may take, so that no other process
// claims an entry in flight.
func (o *Outbox) claimAndDeliver(ctx context.Context, slots int) (claimed int, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	o.deleteDelivered(ctx)
	// The claim may return entries that this process handles already: the sender was
	// too slow, or the entry could not be deleted. They are skipped.
	inFlight := o.inFlight()
	entries, err := o.Store.ClaimMessages(ctx, o.Now(), o.SendTimeout+2*storeTimeout, slots, o.Except...)
	entries = entries[:min(len(entries), slots)] // a store that returns more than slots: the rest waits until its claim ends
	for _, entry := range entries {
		if inFlight[entry.ID] {
			o.release(1)
			continue
		}
		o.setState(entry.ID, sending)
		o.tasks.Go(func() { o.deliverInSlot(entry) })
	}
	o.release(slots - len(entries))
	return len(entries), err
}

// maxAbandoned is how many deliveries may go on without a slot because their sender
// ignores its context.
const maxAbandoned = 16

// deliverInSlot delivers an entry and releases its slot. If the sender does not return
// in time, the slot is released for other messages and the delivery goes on without
// it.
func (o *Outbox) deliverInSlot(e notify.Entry) {
	release := sync.OnceFunc(func() { o.release(1) })
	defer release()
	late := time.AfterFunc(o.SendTimeout+storeTimeout, func() {
		o.Logger.Error("outbox: a sender ignores its context", "id", e.ID)
		if o.abandoned.Add(1) <= maxAbandoned {
			release()
		}
	})
	defer func() {
		if !late.Stop() {
			o.abandoned.Add(-1)
		}
	}()
	o.deliver(e)
}
