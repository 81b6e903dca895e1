package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// storeTimeout bounds one call of the store.
const storeTimeout = 5 * time.Second

// dispatch hands out what is due until Close stops it.
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
			continue // there may be more
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

// claimAndDeliver takes as many due entries as the caller has acquired slots,
// delivers them in the background and returns their number. A claim lasts for as
// long as the claiming, a delivery and the note of it may take: nobody else sees
// an entry while it is being sent.
func (o *Outbox) claimAndDeliver(ctx context.Context, slots int) (claimed int, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	o.forgetDelivered(ctx)
	// An entry that this process had in hand before the claim was handed out
	// again because its sender was too slow, or because it could not be deleted.
	inHand := o.inHand()
	entries, err := o.Store.ClaimMessages(ctx, o.Now(), o.SendTimeout+2*storeTimeout, slots)
	entries = entries[:min(len(entries), slots)] // what a store adds waits for its claim to run out
	for _, entry := range entries {
		if inHand[entry.ID] {
			o.release(1)
			continue
		}
		o.settle(entry.ID, sending)
		o.tasks.Go(func() { o.deliverInSlot(entry) })
	}
	o.release(slots - len(entries))
	return len(entries), err
}

// maxAbandoned is how many senders that ignore their context give back their
// slot.
const maxAbandoned = 16

// deliverInSlot delivers an entry and releases the slot. A sender that does not
// return when its time is up keeps the entry, but not the slot: it holds up no
// other message.
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
