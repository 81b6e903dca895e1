package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/wireid"
	"github.com/allauth-go/allauth/sessions"
)

func (h *Handler) config(c *call) (reply, error) {
	data := map[string]any{
		"usersessions": struct {
			TrackActivity bool `json:"track_activity"`
		}{h.sessions.Config().TrackActivity},
	}
	data["account"] = h.account.PublicConfig(c.ctx)
	if h.mfa != nil {
		data["mfa"] = h.mfa.PublicConfig()
	}
	if h.social != nil {
		data["socialaccount"] = h.social.PublicConfig(c.sess.Kind)
	}
	return reply{status: http.StatusOK, data: data}, nil
}

func (h *Handler) logout(c *call) (reply, error) {
	return c.outcome(c.logOut())
}

// sessionItem is an entry of the list of sessions.
type sessionItem struct {
	UserAgent  string   `json:"user_agent"`
	IP         string   `json:"ip"`
	CreatedAt  float64  `json:"created_at"`
	IsCurrent  bool     `json:"is_current"`
	ID         int64    `json:"id"`
	LastSeenAt *float64 `json:"last_seen_at,omitempty"`
}

func (h *Handler) listSessions(c *call) (reply, error) {
	rows, err := h.sessions.List(c.ctx, c.sess.Identity)
	return shown(c.sessionItems(rows), err)
}

func (c *call) sessionItems(rows []sessions.Row) []sessionItem {
	items, ids := make([]sessionItem, len(rows)), sessionIDs(rows)
	for i, row := range rows {
		items[i] = sessionItem{
			UserAgent: row.UserAgent, IP: row.IP, CreatedAt: authn.Seconds(row.CreatedAt),
			IsCurrent: row.ID == c.sess.RowID, ID: ids[i],
		}
		if c.sessions.Config().TrackActivity {
			seen := authn.Seconds(row.LastSeenAt)
			items[i].LastSeenAt = &seen
		}
	}
	return items
}

// sessionIDs returns the ids by which clients know the sessions of a user.
func sessionIDs(rows []sessions.Row) []int64 {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i], _ = strconv.ParseInt(row.ID, 10, 64) // it is a decimal number
	}
	return wireid.Of(ids...)
}

func (h *Handler) endSessions(c *call, wireIDs []string) (reply, error) {
	rows, err := h.sessions.List(c.ctx, c.sess.Identity)
	if err != nil {
		return reply{}, err
	}
	known, ids := sessionIDs(rows), make([]string, len(wireIDs))
	for i, wireID := range wireIDs {
		at := slices.IndexFunc(known, func(id int64) bool { return strconv.FormatInt(id, 10) == wireID })
		if at < 0 {
			return reply{}, problem.List("sessions", code.InvalidChoice)
		}
		ids[i] = rows[at].ID
	}
	err = h.work.InTx(c.ctx, func(ctx context.Context) error {
		if err := h.pipeline.Distrust(ctx, c.sess.UserID()); err != nil {
			return err
		}
		if slices.Contains(ids, c.sess.RowID) {
			h.account.Logout(ctx, c.sess.Session)
		}
		return h.sessions.End(ctx, ids...)
	})
	if err != nil || !c.sess.Authenticated() {
		return c.outcome(err)
	}
	rows = slices.DeleteFunc(rows, func(row sessions.Row) bool { return slices.Contains(ids, row.ID) })
	return shown(c.sessionItems(rows), nil)
}
