package notify

import (
	"context"
	"time"
)

// The channels of an [Entry].
const (
	ChannelMail = "mail"
	ChannelText = "text"
	// ChannelWebhook has events for the webhooks of audit.Config.
	ChannelWebhook = "webhook"
	// ChannelDecoy marks a decoy: a message for an account that does not exist,
	// which is queued and then dropped. A store that the host keeps gets none.
	ChannelDecoy = "decoy"
)

// Entry is a message in the outbox.
type Entry struct {
	// ID is random and unique.
	ID string
	// Channel is [ChannelMail], [ChannelText], [ChannelWebhook] or [ChannelDecoy].
	Channel string
	// Payload is the message, encrypted.
	Payload []byte
	// Attempts is how often the entry was claimed.
	Attempts int
	// CreatedAt is when the entry was created.
	CreatedAt time.Time
	// NotBefore is when the entry is due.
	NotBefore time.Time
	// ExpiresAt is when the message becomes useless. It is dropped from then on.
	ExpiresAt time.Time
}

// BacklogLimit is how many entries [Store.Backlog] looks at, of all channels.
const BacklogLimit = 1000

// Backlog describes the messages and the events for webhooks that wait in a [Store], also
// those that are being sent. Decoys do not count.
type Backlog struct {
	// Messages is how many messages there are.
	Messages int
	// Oldest is when the oldest of them was created. Zero: there are none.
	Oldest time.Time
	// Events is how many events for webhooks there are. An event for two webhooks
	// counts twice.
	Events int
	// OldestEvent is when the oldest of them was created. Zero: there are none.
	OldestEvent time.Time
}

// Add counts an entry, unless it is a decoy.
func (b *Backlog) Add(e Entry) {
	switch e.Channel {
	case ChannelDecoy:
	case ChannelWebhook:
		if b.Events++; b.Events == 1 || e.CreatedAt.Before(b.OldestEvent) {
			b.OldestEvent = e.CreatedAt
		}
	default:
		if b.Messages++; b.Messages == 1 || e.CreatedAt.Before(b.Oldest) {
			b.Oldest = e.CreatedAt
		}
	}
}

// Store stores the outbox. Implementations must be safe for concurrent use and
// return ctx's error soon after ctx ends. After an error a call may or may not
// have had its effect.
type Store interface {
	// EnqueueMessage stores e. If ctx carries a transaction, e is part of it:
	// ClaimMessages returns it after the commit, and never after a rollback.
	EnqueueMessage(ctx context.Context, e Entry) error
	// ClaimMessages returns at most limit entries whose NotBefore is not after
	// now, ordered by NotBefore, without those of the excepted channels. In the same atomic step it sets their NotBefore
	// to now+lease and adds one to their Attempts, so that of several concurrent
	// calls exactly one returns each entry. The returned entries have the new
	// values. If there are none, it returns an empty slice and nil.
	ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int, except ...string) ([]Entry, error)
	// RescheduleMessage sets the NotBefore of an entry. A missing entry is not an
	// error.
	RescheduleMessage(ctx context.Context, id string, notBefore time.Time) error
	// DeleteMessage deletes an entry. A missing entry is not an error.
	DeleteMessage(ctx context.Context, id string) error
	// Backlog describes the messages that wait, of the [BacklogLimit] entries that are
	// due first. It is called by health checks, a few times a minute.
	Backlog(ctx context.Context) (Backlog, error)
}
