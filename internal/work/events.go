package work

import (
	"context"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
)

// Origin says where the work of a unit comes from.
type Origin struct {
	// ActorID is the user who does the work, SessionID the stored session in which they
	// do it. Both are empty if unknown.
	ActorID, SessionID string
	Client             authn.Client
}

// SetOrigin sets a function that returns the origin of the unit. It is called for each
// event, when it is emitted and when it is published, because a login changes the actor
// and the session.
func (u *Unit) SetOrigin(origin func() Origin) { u.origin = origin }

// Emit queues an event about a user, whose id may be empty. It is published after the
// session is stored. Without a unit in ctx the event is dropped.
func Emit(ctx context.Context, userID string, details authn.EventDetails) {
	u := Of(ctx)
	if u == nil {
		return
	}
	e := authn.Event{Name: details.EventName(), Time: u.deps.Now(), UserID: userID, Details: details}
	if u.origin != nil {
		origin := u.origin()
		e.ActorID, e.SessionID, e.Client = origin.ActorID, origin.SessionID, origin.Client
	}
	u.events = append(u.events, e)
}

// DropEvents removes queued events.
func (u *Unit) DropEvents(drop func(e authn.Event) bool) {
	u.events = slices.DeleteFunc(slices.Clone(u.events), drop)
}

// sealEvents gives each event an id, and what was unknown when it was emitted: the
// session that has been stored since, and the actor, if it is the user of the event, who
// has logged in since.
func (u *Unit) sealEvents() error {
	var origin Origin
	if u.origin != nil {
		origin = u.origin()
	}
	for i := range u.events {
		e := &u.events[i]
		if e.ID != "" {
			continue
		}
		id, err := keyring.RandomID(u.deps.Rand)
		if err != nil {
			return err
		}
		e.ID = id
		if e.SessionID == "" {
			e.SessionID = origin.SessionID
		}
		if e.ActorID == "" && e.UserID == origin.ActorID {
			e.ActorID = origin.ActorID
		}
	}
	return nil
}

// Finish publishes the events of the unit of ctx, and calls the functions that were
// passed to Afterwards. path is that of the request, for logged errors.
func (d *Deps) Finish(ctx context.Context, path string) {
	u := Of(ctx)
	failed := func(err error) {
		d.Logger.ErrorContext(ctx, "clean-up after a request failed", "path", path, "error", err)
	}
	if err := u.sealEvents(); err != nil {
		failed(fmt.Errorf("events have no id: %w", err))
	}
	events, afterwards := u.events, u.afterwards
	u.events, u.afterwards = nil, nil
	for _, e := range events {
		if d.OnEvent != nil {
			d.OnEvent(ctx, e)
		}
	}
	for _, f := range afterwards {
		if err := f(ctx); err != nil {
			failed(err)
		}
	}
}

// Do calls f in a unit of its own, for work that is not a request of the API. In a
// transaction of another unit f is part of that one.
func (d *Deps) Do(ctx context.Context, origin Origin, f func(ctx context.Context) error) error {
	if scopeOf(ctx).tx != nil {
		return f(ctx)
	}
	ctx, u := d.Begin(ctx)
	u.SetOrigin(func() Origin { return origin })
	err := f(ctx)
	d.Finish(ctx, "")
	if err != nil {
		d.RefundCharges(ctx)
	}
	return err
}
