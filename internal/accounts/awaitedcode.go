package accounts

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// AwaitedCode is a code that a session waits for.
type AwaitedCode struct {
	*codes.Pending
	sess *login.Session
	// stage is where the session's login waits for the code, empty if none does.
	stage string
}

// await returns the code with that id, which the session waits for, or its login at
// the stage. work.ErrNotPending if there is none. A login whose code has expired is
// ended.
func (s *Service) await(ctx context.Context, sess *login.Session, kind codes.Kind, stage, id string) (*AwaitedCode, error) {
	p, err := s.codes.Pending(ctx, kind, id)
	if errors.Is(err, work.ErrNotPending) && stage != "" && id != "" {
		sess.SetLogin(nil)
	}
	if err != nil {
		return nil, err
	}
	if sess.Authenticated() && p.UserID != sess.UserID() {
		return nil, work.ErrNotPending
	}
	return &AwaitedCode{p, sess, stage}, nil
}

// verify compares what the user typed with the code. After the last attempt, the
// login that waits for it is ended.
func (s *Service) verify(ctx context.Context, a *AwaitedCode, typed string) error {
	err := a.Verify(ctx, typed, ratelimit.Subject{IP: a.sess.Client.IP, Key: s.limitKey(a.sess, a.Subject, a.UserID)})
	if a.Exhausted() && err != nil {
		a.end()
	}
	return err
}

// end ends the login that waits for the code, if one does.
func (a *AwaitedCode) end() {
	if a.stage != "" {
		a.sess.SetLogin(nil)
	}
}

// use changes the account of the user, and what the session waits for, in the
// transaction that consumes the code. If that, or what the code stands for, is gone
// by then, the login that waits for it is ended.
func (f *Flows) use(ctx context.Context, a *AwaitedCode, change func(ctx context.Context) error) error {
	err := f.pipeline.Change(ctx, a.sess, a.UserID, func(ctx context.Context) error {
		if err := a.Consume(ctx); err != nil {
			return err
		}
		return change(ctx)
	})
	if errors.Is(err, work.ErrNotPending) {
		a.end()
	}
	return err
}
