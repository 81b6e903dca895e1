package outbox

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// Decoys takes messages to people who must not get any. It does the work of the
// Outbox, and the worker drops what it wrote: how long that takes does not tell
// whether there was somebody to write to. Safe for concurrent use.
type Decoys struct{ o *Outbox }

// Decoys returns the decoys of the Outbox.
func (o *Outbox) Decoys() Decoys { return Decoys{o} }

// Mail is Outbox.Mail for a decoy. It expires at once: where no worker looks for
// it, because the host keeps the Store, it is cleaned up.
func (d Decoys) Mail(ctx context.Context, m notify.Message, _ time.Time) error {
	return d.o.enqueue(ctx, d.o.Config.Decoys, m.ID, notify.ChannelDecoy, m, d.o.Now())
}

// Text is Outbox.Text for a decoy, see Mail.
func (d Decoys) Text(ctx context.Context, m notify.TextMessage, _ time.Time) error {
	return d.o.enqueue(ctx, d.o.Config.Decoys, m.ID, notify.ChannelDecoy, m, d.o.Now())
}

// Wake is Outbox.Wake.
func (d Decoys) Wake() { d.o.Wake() }
