package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/users"
)

// deletionItem is a requested deletion.
type deletionItem struct {
	RequestedAt float64 `json:"requested_at"`
	DueAt       float64 `json:"due_at"`
}

// deletion returns the answer with a deletion, or with status 404 if there is none.
func deletion(d *users.Deletion, err error) (reply, error) {
	if errors.Is(err, authn.ErrNotFound) {
		return reply{status: http.StatusNotFound}, nil
	}
	if err != nil {
		return reply{}, err
	}
	return shown(deletionItem{authn.Seconds(d.RequestedAt), authn.Seconds(d.DueAt)}, nil)
}

func (h *Handler) showDeletion(c *call) (reply, error) {
	return deletion(h.account.DeletionOf(c.ctx, c.sess.UserID()))
}

// requestDeletion answers with the time of the deletion. The session has ended then.
func (h *Handler) requestDeletion(c *call) (reply, error) {
	return deletion(h.account.RequestDeletion(c.ctx, c.sess.Session, h.cfg.Users.DeletionGrace))
}

func (h *Handler) cancelDeletion(c *call) (reply, error) {
	err := h.account.CancelDeletion(c.ctx, c.sess.UserID())
	if errors.Is(err, authn.ErrNotFound) {
		return reply{status: http.StatusNotFound}, nil
	}
	return done(err)
}

func (h *Handler) export(c *call) (reply, error) {
	if err := h.pipeline.RequireRecent(c.ctx, c.sess.Session); err != nil {
		return reply{}, err
	}
	return shown(h.exporter.Export(c.ctx, c.sess.UserID()))
}

func (h *Handler) acceptInvitation(ctx context.Context, sess *login.Session, key string) error {
	return h.account.AcceptInvitation(ctx, sess, key, factors.PrepareSignup)
}
