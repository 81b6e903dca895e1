package trail

import (
	"context"
	"encoding/json"
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

// Administrator is the actor of an event that another user caused, as its user sees it.
const Administrator = "administrator"

// ByOther reports whether another user caused an event, such as an administrator. The user
// of the event must not read who it was, from where and why.
func ByOther(row audit.Row) bool { return row.ActorID != "" && row.ActorID != row.UserID }

// shownDetails are the members of details that users see. They are about the user's own
// account; ids of rows mean nothing to them.
var shownDetails = []string{"email", "from", "to", "number", "phone", "provider", "type", "purpose", "code"}

// Details returns the details of an event that its user sees, even if another user caused it.
func Details(row audit.Row) map[string]string {
	var details map[string]any
	_ = json.Unmarshal(row.Details, &details) // an event without readable details is shown without them
	list := map[string]string{}
	for _, name := range shownDetails {
		if text, ok := details[name].(string); ok && text != "" {
			list[name] = text
		}
	}
	return list
}
