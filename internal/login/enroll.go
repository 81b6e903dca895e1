package login

import (
	"context"
	"slices"

	"github.com/allauth-go/allauth/internal/work"
)

// requirement is the answer of the hook RequiredFor about a user.
type requirement struct {
	userID   string
	required bool
}

// RequiresEnrollment reports whether the host requires second factors of some users.
func (p *Pipeline) RequiresEnrollment() bool { return p.cfg.RequiredFor != nil }

// mustEnroll reports whether the user has to add a second factor before the login
// completes. It asks the host about users who have none.
func (p *Pipeline) mustEnroll(ctx context.Context, s *Session, l *Attempt) (bool, error) {
	if p.cfg.RequiredFor == nil || l.UserID == "" || l.Passkey || l.PasskeySignup || slices.Contains(l.Skipped, StageMFAEnroll) {
		return false, nil
	}
	has, err := p.cfg.Factors.HasAuthenticators(ctx, l.UserID)
	if err != nil || has {
		return false, err
	}
	if known := s.requirement; known != nil && known.userID == l.UserID {
		return known.required, nil
	}
	id, err := p.cfg.Accounts.Identify(ctx, l.UserID)
	if err != nil {
		return false, err
	}
	return false, work.AskHost(func(ctx context.Context) error {
		required, err := p.cfg.RequiredFor(ctx, id.User)
		if err == nil {
			s.requirement = &requirement{l.UserID, required}
		}
		return err
	})
}

// enterEnroll implements the stage mfa_enroll, which waits until the user has added a
// second factor.
func (p *Pipeline) enterEnroll(ctx context.Context, s *Session, l *Attempt) (Verdict, error) {
	enrolls, err := p.mustEnroll(ctx, s, l)
	if err != nil {
		return Abort, err
	}
	if !enrolls {
		return Pass, nil
	}
	// The stage login_by_code has asked for a code, unless the host requires the second
	// factor only since then.
	missing, err := p.cfg.Accounts.MustShowContact(ctx, s, l)
	if err != nil || missing {
		return Abort, err
	}
	return Wait, nil
}

// BackToFactor takes a login that waits at a later stage back to the second factor, which
// another request has added meanwhile. Returns work.ErrNotPending if no login waits at the
// stage.
func (p *Pipeline) BackToFactor(ctx context.Context, s *Session, stage string) error {
	l := s.Pending(stage)
	if l == nil {
		return work.ErrNotPending
	}
	return p.walk(ctx, s, l, p.from(StageMFAAuthenticate))
}

// EndOtherSessions ends all sessions of the user but this one, and the trust in all
// browsers. It runs in a transaction.
func (p *Pipeline) EndOtherSessions(ctx context.Context, s *Session, userID string) error {
	if err := p.cfg.Sessions.EndAll(ctx, userID, s.RowID); err != nil {
		return err
	}
	return p.Distrust(ctx, userID)
}
