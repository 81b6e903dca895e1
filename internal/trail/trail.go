// Package trail stores the events of units of work and reads them.
package trail

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clientip"
)

// Config holds the dependencies of a Trail.
type Config struct {
	audit.Config
	Store audit.Store
	// Decoys is the store of decoys.
	Decoys audit.Store
	Now    func() time.Time
	// Receivers receive the events that Queue holds. QueueOfDecoys does the work of Queue
	// for decoys.
	Receivers            *Receivers
	Queue, QueueOfDecoys Queue
}

// Trail implements work.Trail. It is safe for concurrent use.
type Trail struct{ Config }

// New returns a Trail. The configuration must be valid and have its defaults.
func New(cfg Config) *Trail { return &Trail{cfg} }

// Append implements work.Trail. Rows for one store are one statement.
func (t *Trail) Append(ctx context.Context, events, decoys []authn.Event) error {
	rows, err := t.rows(events)
	if err != nil {
		return err
	}
	hidden, err := t.rows(decoys)
	if err != nil {
		return err
	}
	for i := range hidden {
		hidden[i].Name, hidden[i].ExpiresAt = audit.NameDecoy, t.Now()
	}
	if t.Store == t.Decoys {
		rows, hidden = append(rows, hidden...), nil
	}
	if len(rows) > 0 {
		if err := t.Store.AppendEvents(ctx, rows...); err != nil {
			return fmt.Errorf("store events: %w", err)
		}
	}
	if len(hidden) > 0 {
		if err := t.Decoys.AppendEvents(ctx, hidden...); err != nil {
			return fmt.Errorf("store decoys of events: %w", err)
		}
	}
	if err := t.Receivers.enqueue(ctx, t.Queue, events); err != nil {
		return err
	}
	return t.Receivers.enqueue(ctx, t.QueueOfDecoys, decoys)
}

func (t *Trail) rows(events []authn.Event) ([]audit.Row, error) {
	rows := make([]audit.Row, len(events))
	for i, e := range events {
		details, err := json.Marshal(e.Details)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", e.Name, err)
		}
		rows[i] = audit.Row{
			ID: e.ID, Name: e.Name, Time: e.Time, UserID: e.UserID, ActorID: e.ActorID, SessionID: e.SessionID,
			IP: clientip.Text(e.Client.IP), UserAgent: e.Client.UserAgent, Details: details, ExpiresAt: e.Time.Add(t.Retention),
		}
	}
	return rows, nil
}

// The number of events in a list.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// List returns the events that the filter selects, latest first, and the cursor of the
// next ones, which is empty if there are none. Returns audit.ErrInvalidCursor.
func (t *Trail) List(ctx context.Context, f audit.Filter) (rows []audit.Row, next string, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	f.Limit = limit + 1
	rows, err = t.Store.AuditEvents(ctx, f)
	if err != nil {
		return nil, "", fmt.Errorf("list events: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].Cursor()
	}
	return rows, next, nil
}
