package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
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
	err := c.work.Keep(c.ctx, func() { h.account.Logout(c.ctx, c.sess.Session) })
	return c.outcome(err)
}

// sessionItem is an entry of the list of sessions.
type sessionItem struct {
	UserAgent  string          `json:"user_agent"`
	IP         string          `json:"ip"`
	CreatedAt  float64         `json:"created_at"`
	IsCurrent  bool            `json:"is_current"`
	ID         json.RawMessage `json:"id"`
	LastSeenAt *float64        `json:"last_seen_at,omitempty"`
}

func (h *Handler) listSessions(c *call) (reply, error) {
	rows, err := h.sessions.List(c.ctx, c.sess.Identity)
	return shown(c.sessionItems(rows), err)
}

func (c *call) sessionItems(rows []sessions.Row) []sessionItem {
	items := make([]sessionItem, len(rows))
	for i, row := range rows {
		items[i] = sessionItem{
			UserAgent: row.UserAgent, IP: row.IP, CreatedAt: authn.Seconds(row.CreatedAt),
			IsCurrent: row.ID == c.sess.RowID, ID: json.RawMessage(row.ID),
		}
		if c.sessions.Config().TrackActivity {
			seen := authn.Seconds(row.LastSeenAt)
			items[i].LastSeenAt = &seen
		}
	}
	return items
}

func (h *Handler) endSessions(c *call, ids []string) (reply, error) {
	rows, err := h.sessions.List(c.ctx, c.sess.Identity)
	if err != nil {
		return reply{}, err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(rows, func(row sessions.Row) bool { return row.ID == id }) {
			return reply{}, problem.List("sessions", code.InvalidChoice)
		}
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
