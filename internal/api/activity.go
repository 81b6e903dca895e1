package api

import (
	"errors"

	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/trail"
)

// activity is data of the user's own events.
type activity struct {
	Events []activityItem `json:"events"`
	// Next is the parameter cursor of the next page.
	Next string `json:"next,omitempty"`
}

type activityItem struct {
	ID   string  `json:"id"`
	Type string  `json:"type"`
	At   float64 `json:"at"`
	// Actor is actorSelf or actorOther, and empty if unknown.
	Actor     string            `json:"actor,omitempty"`
	IP        string            `json:"ip,omitempty"`
	UserAgent string            `json:"user_agent,omitempty"`
	IsCurrent bool              `json:"is_current_session"`
	Details   map[string]string `json:"details"`
}

// The actors of events, as users see them.
const (
	actorSelf  = "user"
	actorOther = trail.Administrator
)

func (h *Handler) activity(c *call) (reply, error) {
	rows, next, err := h.trail.Activity(c.ctx, c.sess.UserID(), c.r.URL.Query().Get("cursor"))
	if errors.Is(err, audit.ErrInvalidCursor) {
		return reply{}, problem.List("cursor", code.Invalid)
	}
	if err != nil {
		return reply{}, err
	}
	page := activity{Events: make([]activityItem, len(rows)), Next: next}
	for i, row := range rows {
		page.Events[i] = c.activityItem(row)
	}
	return shown(page, nil)
}

// activityItem returns an event as its user sees it. It does not say which administrator
// acted, and from where.
func (c *call) activityItem(row audit.Row) activityItem {
	item := activityItem{ID: row.ID, Type: row.Name, At: authn.Seconds(row.Time), Details: trail.Details(row)}
	if trail.ByOther(row) {
		item.Actor = actorOther
	} else {
		item.IP, item.UserAgent = row.IP, row.UserAgent
		item.IsCurrent = row.SessionID != "" && row.SessionID == c.sess.RowID
		if row.ActorID != "" {
			item.Actor = actorSelf
		}
	}
	return item
}
