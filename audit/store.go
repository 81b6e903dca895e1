package audit

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Row is the stored row of an event.
type Row struct {
	// ID is the ID of the event, unique.
	ID string
	// Name is the name of the event, or NameDecoy.
	Name string
	// Time is when it happened, to the microsecond.
	Time time.Time
	// UserID, ActorID, SessionID, IP and UserAgent are the fields of the event;
	// unknown ones are empty.
	UserID, ActorID, SessionID, IP, UserAgent string
	// Details are the details of the event, in JSON.
	Details []byte
	// ExpiresAt is when the retention ends, to the microsecond.
	ExpiresAt time.Time
}

// NameDecoy is the name of rows that are written for a request about an account that
// does not exist, so that it takes as long as one about an account that does. They
// expire at once.
const NameDecoy = "decoy"

// Filter selects events. The zero value selects all.
type Filter struct {
	// UserID selects events about a user, ActorID those of what a user did.
	UserID, ActorID string
	// Names selects events with one of these names. Empty: all.
	Names []string
	// From and Until select events that happened at From or later, and before
	// Until. A zero time is no limit.
	From, Until time.Time
	// Cursor continues a list after its last event: it is what
	// Auth.AuditEvents returned with that event.
	Cursor string
	// Limit is the largest number of events to return. Zero: 100. More than 1000
	// are 1000.
	Limit int
}

// ErrInvalidCursor means that a Cursor is not one that was returned with a list.
var ErrInvalidCursor = errors.New("audit: the cursor is invalid")

// Cursor returns the Filter.Cursor that continues a list after this row.
func (r Row) Cursor() string { return strconv.FormatInt(r.Time.UnixMicro(), 10) + "-" + r.ID }

// Position returns the time and the ID of the event after which the list continues,
// and zero values if Cursor is empty. It returns [ErrInvalidCursor] for any other
// text.
func (f Filter) Position() (at time.Time, id string, err error) {
	if f.Cursor == "" {
		return time.Time{}, "", nil
	}
	number, id, ok := strings.Cut(f.Cursor, "-")
	micros, err := strconv.ParseInt(number, 10, 64)
	// IDs are printable ASCII. Some databases fail at other bytes.
	if err != nil || !ok || id == "" || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return time.Time{}, "", ErrInvalidCursor
	}
	return time.UnixMicro(micros).UTC(), id, nil
}

// Store stores events. Implementations must be safe for concurrent use, also by
// several processes. It should take part in the transactions of authn.Transactor:
// otherwise an event can be stored although its change failed, or be lost although
// its change succeeded.
type Store interface {
	// AppendEvents stores all rows, in one atomic step.
	AppendEvents(ctx context.Context, rows ...Row) error
	// AuditEvents returns the rows that the filter selects, without decoys: those
	// with the latest Time first, and of those with one Time the one with the
	// greatest ID, compared byte by byte. It returns at most f.Limit rows, which
	// is positive, and [ErrInvalidCursor] if f.Position does.
	AuditEvents(ctx context.Context, f Filter) ([]Row, error)
	// ForgetEvents deletes the rows about the user, and empties SessionID, IP and
	// UserAgent of the rows of what the user did to others. It is not an error if
	// there are none.
	ForgetEvents(ctx context.Context, userID string) error
}

// OtherDetails are the details of an event that this version of the library does
// not know, such as one that a later version has stored.
type OtherDetails struct {
	Name string
	// JSON is the stored form.
	JSON json.RawMessage
}

// EventName implements authn.EventDetails.
func (d OtherDetails) EventName() string { return d.Name }

// MarshalJSON returns the stored form.
func (d OtherDetails) MarshalJSON() ([]byte, error) { return d.JSON.MarshalJSON() }
