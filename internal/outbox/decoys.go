package outbox

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// Decoys writes decoys of messages: entries that the worker deletes without sending
// them. The work is that of a message, so that the time of a request does not show
// whether a message was sent. It is safe for concurrent use.
type Decoys struct{ o *Outbox }

// Decoys returns the decoys of the Outbox.
func (o *Outbox) Decoys() Decoys { return Decoys{o} }

// Mail writes the decoy of a mail. It expires at once, so that Clean deletes it where
// no worker reads Config.Decoys.
func (d Decoys) Mail(ctx context.Context, m notify.Message, _ time.Time) error {
	return d.o.enqueue(ctx, d.o.Config.Decoys, m.ID, notify.ChannelDecoy, m, d.o.Now())
}

// Text writes the decoy of a text message, see Mail.
func (d Decoys) Text(ctx context.Context, m notify.TextMessage, _ time.Time) error {
	return d.o.enqueue(ctx, d.o.Config.Decoys, m.ID, notify.ChannelDecoy, m, d.o.Now())
}

// Wake calls Outbox.Wake.
func (d Decoys) Wake() { d.o.Wake() }
