package allauth

import (
	"context"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clean"
	"github.com/allauth-go/allauth/internal/work"
)

// cleanSteps are the steps of a pass that deletes what is no longer needed.
func (a *Auth) cleanSteps() []clean.Step {
	return []clean.Step{
		{Name: "expired rows", Batch: a.store.Clean},
	}
}

// Clean deletes rows that are no longer needed, in short batches with pauses, until
// none are left or ctx ends. Servers do so by themselves in the background, unless
// Config.CleanInterval is negative.
func (a *Auth) Clean(ctx context.Context) error {
	if err := a.cleaner.Run(ctx); err != nil {
		return fmt.Errorf("allauth: %w", err)
	}
	return nil
}

type actorKey struct{}

// WithActor returns a context in which administrative calls, such as SetPassword, are
// done by the user with that ID, for [authn.Event.ActorID]. Without it the actor of
// calls below Middleware is the user of the session, and that of other calls is empty.
func WithActor(ctx context.Context, actorID string) context.Context {
	return context.WithValue(ctx, actorKey{}, actorID)
}

// administer calls f, which is an administrative call, as one unit of work.
func (a *Auth) administer(ctx context.Context, f func(ctx context.Context) error) error {
	var origin work.Origin
	if s := a.sessionFrom(ctx); s != nil {
		origin = work.Origin{ActorID: s.ActorID(), SessionID: s.RowID, Client: s.Client}
	}
	if actorID, ok := ctx.Value(actorKey{}).(string); ok {
		origin.ActorID = actorID
	}
	return a.work.Do(ctx, origin, f)
}

// LogOutEverywhere ends all sessions of the user, and the trust in their
// browsers.
func (a *Auth) LogOutEverywhere(ctx context.Context, userID string) error {
	err := a.administer(ctx, func(ctx context.Context) error {
		if err := a.pipeline.Distrust(ctx, userID); err != nil {
			return err
		}
		return a.sessions.EndAll(ctx, userID, "")
	})
	if err != nil {
		return fmt.Errorf("allauth: %w", err)
	}
	return nil
}

// CreateUser creates an account, for example in an import from another system or
// for an invitation. It calls no hook and sends no mail. SetPassword sets a
// password, unless in has a hash. It returns [authn.Errors] if the email address,
// username or phone number is invalid, [authn.ErrConflict] if one is taken, and
// password.ErrUnsupportedHash if the hash cannot be verified.
func (a *Auth) CreateUser(ctx context.Context, in authn.NewAccount) (*authn.User, error) {
	var user *authn.User
	err := a.administer(ctx, func(ctx context.Context) (err error) {
		user, err = a.account.CreateUser(ctx, in)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("allauth: create user: %w", err)
	}
	return user, nil
}

// SetPassword sets the user's password and ends all their sessions. The password
// policy does not apply.
func (a *Auth) SetPassword(ctx context.Context, userID, password string) error {
	err := a.administer(ctx, func(ctx context.Context) error { return a.account.SetPassword(ctx, userID, password) })
	if err != nil {
		return fmt.Errorf("allauth: set password: %w", err)
	}
	return nil
}

// ForgetUser deletes everything that the library stores of the user. Users in the
// host's own table are kept.
func (a *Auth) ForgetUser(ctx context.Context, userID string) error {
	if err := a.store.ForgetUser(ctx, userID); err != nil {
		return fmt.Errorf("allauth: forget user: %w", err)
	}
	return nil
}
