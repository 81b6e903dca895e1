package trail

import (
	"context"
	"fmt"

	"github.com/allauth-go/allauth/audit"
)

// activityLimit is the number of events on a page of the user's own.
const activityLimit = 50

// nameReclaimed is account.AddressReclaimed: what happened before it concerns another
// person, who had created the account with the user's address.
const nameReclaimed = "account.address_reclaimed"

// Activity returns the events of a user's own account, as List does.
func (t *Trail) Activity(ctx context.Context, userID, cursor string) (rows []audit.Row, next string, err error) {
	f := audit.Filter{UserID: userID, Cursor: cursor, Limit: activityLimit}
	reclaimed, err := t.Store.AuditEvents(ctx, audit.Filter{UserID: userID, Names: []string{nameReclaimed}, Limit: 1})
	if err != nil {
		return nil, "", fmt.Errorf("list events: %w", err)
	}
	if len(reclaimed) > 0 {
		f.From = reclaimed[0].Time
	}
	return t.List(ctx, f)
}
