package login

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
)

// Change is [work.Deps.InTx] for a transaction that changes the account of a user. It
// locks the user, so that what f reads stays true until the commit. f must check again
// what was checked before.
//
// If the user is logged in, Change reads the identity again. It returns
// work.ErrSessionEnded if another request ended the session or replaced the password
// meanwhile. For the empty userID of a decoy it locks nothing.
func (p *Pipeline) Change(ctx context.Context, s *Session, userID string, f func(ctx context.Context) error) error {
	return p.cfg.Work.InTx(ctx, func(ctx context.Context) error {
		if userID == "" {
			return f(ctx)
		}
		if err := p.cfg.Work.Tx.LockUser(ctx, userID); err != nil {
			return fmt.Errorf("lock user: %w", err)
		}
		if s.UserID() == userID {
			if err := p.reload(ctx, s); err != nil {
				return err
			}
		}
		return f(ctx)
	})
}

// reload reads the session's user again. Returns work.ErrSessionEnded if the session has
// ended.
func (p *Pipeline) reload(ctx context.Context, s *Session) error {
	id, err := p.cfg.Accounts.Identify(ctx, s.UserID())
	if errors.Is(err, authn.ErrNotFound) || err == nil && id.User.Disabled {
		return work.ErrSessionEnded
	}
	if err != nil {
		return err
	}
	lives, err := p.cfg.Sessions.Lives(ctx, s.UserID(), s.RowID, id.AuthHash)
	if err != nil {
		return err
	}
	if !lives {
		return work.ErrSessionEnded
	}
	s.Identity = id
	return nil
}
