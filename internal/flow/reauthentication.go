package flow

import (
	"context"
	"time"
)

// Recent reports whether the last proof of identity is younger than timeout. A
// proof that lies as far in the future, because the clock was set back, is not
// recent. A user who has no way to prove it again counts as recent: asking would
// lock them out.
func (p *Pipeline) Recent(ctx context.Context, s *Session, timeout time.Duration) (bool, error) {
	if n := len(s.State.Methods); n > 0 && p.cfg.Now().Sub(s.State.Methods[n-1].At).Abs() < timeout {
		return true, nil
	}
	for _, room := range p.cfg.Rooms {
		offers, err := room.ReauthenticationOffers(ctx, s)
		if err != nil {
			return false, err
		}
		for _, offer := range offers {
			if offer.ID != FlowPasswordResetByCode {
				return false, nil
			}
		}
	}
	return true, nil
}

// RequireRecent returns ErrReauthenticate unless the last proof is recent.
func (p *Pipeline) RequireRecent(ctx context.Context, s *Session, timeout time.Duration) error {
	recent, err := p.Recent(ctx, s, timeout)
	if err != nil {
		return err
	}
	if !recent {
		return ErrReauthenticate
	}
	return nil
}

// LocksOut runs f, which takes ways in away, and reports whether the user had one
// before and has none afterwards.
func (p *Pipeline) LocksOut(ctx context.Context, userID string, f func() error) (bool, error) {
	before, err := p.CanLogIn(ctx, userID, "")
	if err != nil {
		return false, err
	}
	if err := f(); err != nil {
		return false, err
	}
	after, err := p.CanLogIn(ctx, userID, "")
	return before && !after, err
}

// CanLogIn reports whether the user would still have a way in without the one
// named by except.
func (p *Pipeline) CanLogIn(ctx context.Context, userID, except string) (bool, error) {
	for _, room := range p.cfg.Rooms {
		ok, err := room.CanLogIn(ctx, userID, except)
		if err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}
