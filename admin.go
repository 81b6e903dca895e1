package allauth

import (
	"context"
	"fmt"

	"github.com/allauth-go/allauth/internal/clean"
	"github.com/allauth-go/allauth/internal/work"
)

// cleanSteps are the steps of a pass that deletes what is no longer needed.
func (a *Auth) cleanSteps() []clean.Step {
	return []clean.Step{
		{Name: "expired rows", Batch: a.store.Clean},
		{Name: "requested deletions", Batch: a.deleteDue},
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

// WithActor returns a context in which administrative calls, such as those of Users,
// are done by the user with that ID, for [authn.Event.ActorID]. Without it the actor of
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
