package authn

import (
	"encoding/json"
	"log/slog"
	"time"
)

// Event describes something that happened and is committed.
type Event struct {
	// ID is random and unique.
	ID string
	// Name is the stable name of Details, such as "account.user_signed_up".
	Name string
	// Time is when it happened, to the microsecond.
	Time time.Time
	// UserID is the user whom it concerns, empty if unknown.
	UserID string
	// ActorID is the user who did it: the user of the session, or the
	// administrator in an administrative call. It is empty if it is unknown, such
	// as after a wrong password, and if the host's code named no actor.
	ActorID string
	// SessionID is the ID of the stored session in which it happened, see
	// sessions.Row. It is empty without one.
	SessionID string
	// Client is where the request came from. It is zero without a request.
	Client Client
	// Details are the facts of this kind of event. Handlers tell the kinds apart
	// with a type switch.
	Details EventDetails
}

// EventDetails are the facts of one kind of event. Each package defines its own
// types. Their exported fields have stable JSON names and contain no secrets.
type EventDetails interface {
	// EventName returns the stable name of the kind, such as
	// "account.user_signed_up".
	EventName() string
}

type eventJSON struct {
	ID        string        `json:"id"`
	Type      string        `json:"type"`
	Timestamp string        `json:"timestamp"`
	Data      eventDataJSON `json:"data"`
}

type eventDataJSON struct {
	UserID    string       `json:"user_id,omitempty"`
	ActorID   string       `json:"actor_id,omitempty"`
	SessionID string       `json:"session_id,omitempty"`
	IP        string       `json:"ip,omitempty"`
	UserAgent string       `json:"user_agent,omitempty"`
	Details   EventDetails `json:"details"`
}

// eventTime is RFC 3339 with microseconds.
const eventTime = "2006-01-02T15:04:05.000000Z07:00"

// MarshalJSON encodes the event with the members id, type, timestamp and data, as
// the Standard Webhooks rules recommend. Empty members of data are left out.
func (e Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(eventJSON{e.ID, e.Name, e.Time.UTC().Format(eventTime),
		eventDataJSON{e.UserID, e.ActorID, e.SessionID, e.Client.ipText(), e.Client.UserAgent, e.Details}})
}

// LogValue implements [slog.LogValuer] with the members of the JSON form.
func (e Event) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("id", e.ID), slog.String("type", e.Name), slog.Time("timestamp", e.Time)}
	for _, member := range [][2]string{
		{"user_id", e.UserID}, {"actor_id", e.ActorID}, {"session_id", e.SessionID},
		{"ip", e.Client.ipText()}, {"user_agent", e.Client.UserAgent},
	} {
		if member[1] != "" {
			attrs = append(attrs, slog.String(member[0], member[1]))
		}
	}
	if details, err := json.Marshal(e.Details); err == nil {
		attrs = append(attrs, slog.Any("details", json.RawMessage(details)))
	}
	return slog.GroupValue(attrs...)
}

// ipText returns the address as text, empty if it is unknown.
func (c Client) ipText() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.String()
}
