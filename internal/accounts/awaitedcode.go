package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// AwaitedCode is a code for which a session waits. If links are mailed in place of codes,
// Pending is nil, and the key of any link is accepted.
type AwaitedCode struct {
	*codes.Pending
	sess *login.Session
	// stage is the stage of the login that waits for the code, empty if none does.
	stage string
	// slot is the session's field for the id of the challenge if no login waits.
	slot *string
}

// await returns the code with that id, for which the session waits. If there is none, it
// ends the login that waits, and returns work.ErrNotPending.
func (s *Service) await(ctx context.Context, a AwaitedCode, kind codes.Kind, id string) (*AwaitedCode, error) {
	if a.stage == "" && !a.sess.Authenticated() {
		return nil, work.ErrNotPending
	}
	var err error
	a.Pending, err = s.codes.Pending(ctx, kind, id)
	switch {
	case errors.Is(err, work.ErrNotPending) && a.stage != "" && id != "":
		a.sess.SetLogin(nil)
		return nil, err
	case err != nil:
		return nil, err
	case a.stage == "" && a.UserID != a.sess.UserID():
		return nil, work.ErrNotPending
	}
	return &a, nil
}

// login returns the login that waits for the code, or nil.
func (a *AwaitedCode) login() *login.Attempt { return a.sess.Pending(a.stage) }

// verify compares what the user typed with the code. After the last attempt it ends the
// login or flow that waits for the code. Returns authn.Errors for a wrong code.
func (s *Service) verify(ctx context.Context, a *AwaitedCode, typed string) error {
	err := a.Verify(ctx, typed, ratelimit.Subject{IP: a.sess.Client.IP, Key: s.limitKey(a.sess, a.Subject, a.UserID)})
	if err != nil && a.Exhausted() {
		if a.stage != "" {
			a.sess.SetLogin(nil)
		}
		if a.slot != nil {
			login.Drop(a.sess, a.slot)
		}
	}
	return err
}

// consumeThen consumes the code and calls change in the same transaction. If one of them
// returns work.ErrNotPending, it ends the login that waits for the code.
func (s *Flows) consumeThen(ctx context.Context, a *AwaitedCode, change func(ctx context.Context) error) error {
	err := s.pipeline.Change(ctx, a.sess, a.UserID, func(ctx context.Context) error {
		if err := a.Consume(ctx); err != nil {
			return err
		}
		return change(ctx)
	})
	if errors.Is(err, work.ErrNotPending) && a.stage != "" {
		a.sess.SetLogin(nil)
	}
	return err
}

// accept consumes a code that verifies a contact, calls store, and resumes the login that
// waits for the code. A contact that was given while the login waits is not stored
// before the login completes.
func (s *Flows) accept(ctx context.Context, a *AwaitedCode, given func(l *login.Attempt) **login.Given, store func(ctx context.Context) error) error {
	return s.consumeThen(ctx, a, func(ctx context.Context) error {
		l := a.login()
		if l == nil {
			err := store(ctx)
			login.Drop(a.sess, a.slot)
			return err
		}
		if g := given(l); *g != nil {
			*g = (*g).AsVerified()
			a.sess.SetLogin(l)
			return s.pipeline.Pass(ctx, a.sess, a.stage)
		}
		if err := s.requireOnAccount(ctx, a.Challenge); err != nil {
			return err
		}
		if err := store(ctx); err != nil {
			return err
		}
		return s.pipeline.Pass(ctx, a.sess, a.stage)
	})
}

// sendOwn sends a code to a contact that the logged-in user adds. It replaces earlier
// codes. It runs in a transaction.
func (s *Service) sendOwn(ctx context.Context, sess *login.Session, kind codes.Kind, slot *string, to codes.Recipient) error {
	if err := s.codes.Store.DeleteUserChallenges(ctx, kind.Purpose, to.UserID); err != nil {
		return fmt.Errorf("delete earlier codes: %w", err)
	}
	id, err := s.codes.New(kind).Send(ctx, to)
	if err != nil {
		return err
	}
	login.Put(sess, slot, id)
	return nil
}
