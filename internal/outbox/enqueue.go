package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// purpose selects the key with which entries are encrypted.
const purpose = "outbox"

// Mail writes m to the store, in the transaction of ctx if there is one. The worker does
// not send it after expires. Returns an error if Config.Mailer is nil, or if m has no
// ID.
func (o *Outbox) Mail(ctx context.Context, m notify.Message, expires time.Time) error {
	if o.Mailer == nil {
		return errors.New("outbox: Config.Mailer is nil: set it to send mails")
	}
	return o.enqueue(ctx, o.Store, m.ID, notify.ChannelMail, m, expires)
}

// Text writes m to the store, in the transaction of ctx if there is one. The worker does
// not send it after expires. Returns an error if Config.Texter is nil, or if m has no
// ID.
func (o *Outbox) Text(ctx context.Context, m notify.TextMessage, expires time.Time) error {
	if o.Texter == nil {
		return errors.New("outbox: Config.Texter is nil: set it to send text messages")
	}
	return o.enqueue(ctx, o.Store, m.ID, notify.ChannelText, m, expires)
}

func (o *Outbox) enqueue(ctx context.Context, store notify.Store, id, channel string, message any, expires time.Time) error {
	if id == "" {
		return errors.New("outbox: message without an ID")
	}
	plaintext, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("outbox: encode message: %w", err)
	}
	sealed, err := o.Sealer.Seal(purpose, plaintext, associatedData(id, channel))
	if err != nil {
		return fmt.Errorf("outbox: encrypt message: %w", err)
	}
	// Round down here: a database that rounds up would make the entry due only later.
	now := o.Now().UTC().Truncate(time.Millisecond)
	entry := notify.Entry{
		ID: id, Channel: channel, Payload: sealed,
		CreatedAt: now, NotBefore: now, ExpiresAt: expires.UTC(),
	}
	if err := store.EnqueueMessage(ctx, entry); err != nil {
		return fmt.Errorf("outbox: store message: %w", err)
	}
	return nil
}

// open decrypts and decodes an entry's payload into message.
func (o *Outbox) open(e notify.Entry, message any) error {
	plaintext, err := o.Sealer.Open(purpose, e.Payload, associatedData(e.ID, e.Channel))
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if err := json.Unmarshal(plaintext, message); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return nil
}

// associatedData binds a payload to its row: a payload that was copied to another row
// cannot be decrypted.
func associatedData(id, channel string) []byte { return []byte(channel + "\x00" + id) }
