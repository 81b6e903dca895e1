package notify

import (
	"context"
	"time"
)

// The channels of an [Entry].
const (
	ChannelMail = "mail"
	ChannelText = "text"
	// ChannelDecoy marks a message that is dropped where others are delivered: it
	// was queued for an account that does not exist. A store that a host keeps gets
	// none.
	ChannelDecoy = "decoy"
)

// Entry is a message that waits to be delivered.
type Entry struct {
	// ID is random and unique.
	ID string
	// Channel is [ChannelMail], [ChannelText] or [ChannelDecoy].
	Channel string
	// Payload is the message, encrypted.
	Payload []byte
	// Attempts is how often the entry was claimed.
	Attempts int
	// CreatedAt is when the entry was written.
	CreatedAt time.Time
	// NotBefore is when the entry is due.
	NotBefore time.Time
	// ExpiresAt is when the message loses its point: it is dropped from then on.
	ExpiresAt time.Time
}

// Store keeps what waits to be delivered. Implementations are safe for
// concurrent use and return ctx's error soon after ctx ends; a call that
// returned an error may or may not have had its effect.
type Store interface {
	// EnqueueMessage stores e. If ctx carries a transaction, e becomes part of
	// it: visible to ClaimMessages after the commit, gone after a rollback.
	EnqueueMessage(ctx context.Context, e Entry) error
	// ClaimMessages hands out at most limit entries that are due, those whose
	// NotBefore is not after now, the longest due first. In the same atomic step
	// it moves their NotBefore to now+lease and raises their Attempts by one, so
	// that of several callers at once exactly one gets each entry. The returned
	// entries carry the new values. No due entries: an empty slice and nil.
	ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Entry, error)
	// RescheduleMessage sets the NotBefore of an entry. An entry that is not
	// there is not an error.
	RescheduleMessage(ctx context.Context, id string, notBefore time.Time) error
	// DeleteMessage removes an entry. One that is not there is not an error.
	DeleteMessage(ctx context.Context, id string) error
}
