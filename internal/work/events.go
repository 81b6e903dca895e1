package work

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
)

// Origin says where the work of a unit comes from.
type Origin struct {
	// ActorID is the user who does the work, SessionID the stored session in which they
	// do it. Both are empty if unknown.
	ActorID, SessionID string
	Client             authn.Client
	// AcceptLanguage is the header of the request, empty if there is none.
	AcceptLanguage string
}

// Trail stores events.
type Trail interface {
	// Append stores events, and does the same work for decoys of events, in the
	// transaction of ctx if there is one.
	Append(ctx context.Context, events, decoys []authn.Event) error
}

// event is a queued event.
type event struct {
	authn.Event
	// isDecoy is true for an event that is not published.
	isDecoy bool
	// stored is true after the Trail has stored it, and if it must not.
	stored bool
	// anonymous events are stored without their session and client.
	anonymous bool
}

// SetOrigin sets a function that returns the origin of the unit. It is called for each
// event, when it is emitted and when it is published, because a login changes the actor
// and the session.
func (u *Unit) SetOrigin(origin func() Origin) { u.origin = origin }

// Emit queues an event about a user, whose id may be empty. It is stored, if the host
// keeps events, in the transaction of ctx or at the end of the request, and published
// after the session is stored. Without a unit in ctx the event is dropped.
func Emit(ctx context.Context, userID string, details authn.EventDetails) {
	emit(ctx, userID, details, false)
}

// EmitDecoy does the work of Emit for a request about an account that does not exist.
// The event is not published.
func EmitDecoy(ctx context.Context, details authn.EventDetails) { emit(ctx, "", details, true) }

func emit(ctx context.Context, userID string, details authn.EventDetails, isDecoy bool) {
	u := Of(ctx)
	if u == nil {
		return
	}
	e := authn.Event{Name: details.EventName(), Time: u.deps.Now(), UserID: userID, Details: details}
	if n := len(u.events); n > 0 && !u.events[n-1].Time.Before(e.Time) {
		e.Time = u.events[n-1].Time.Add(time.Microsecond) // lists are ordered by time
	}
	if u.origin != nil {
		origin := u.origin()
		e.ActorID, e.SessionID, e.Client = origin.ActorID, origin.SessionID, origin.Client
	}
	u.events = append(u.events, event{Event: e, isDecoy: isDecoy})
}

// DropEvents removes queued events.
func (u *Unit) DropEvents(drop func(e authn.Event) bool) {
	u.events = slices.DeleteFunc(slices.Clone(u.events), func(e event) bool { return drop(e.Event) })
}

// ForgetEvents is called after the rows of a user were deleted in the transaction of ctx, so
// that events which are stored after them say no more than that the user was deleted, and
// by whom. All are published as they are.
func ForgetEvents(ctx context.Context, userID string) {
	u := Of(ctx)
	if u == nil || userID == "" {
		return
	}
	for i := range u.events {
		e := &u.events[i]
		if e.UserID == userID && hasFacts(e.Details) {
			e.stored = true
		}
		if e.ActorID == userID || e.UserID == userID && e.ActorID == "" {
			e.anonymous = true
		}
	}
}

// hasFacts reports whether the stored form of details has members.
func hasFacts(details authn.EventDetails) bool {
	text, err := json.Marshal(details)
	return err != nil || string(text) != "{}"
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
		if e.ID == "" {
			id, err := keyring.RandomID(u.deps.Rand)
			if err != nil {
				return fmt.Errorf("id of an event: %w", err)
			}
			e.ID = id
		}
		if e.SessionID == "" {
			e.SessionID = origin.SessionID
		}
		if e.ActorID == "" && e.UserID == origin.ActorID {
			e.ActorID = origin.ActorID
		}
	}
	return nil
}

// hasUnstored reports whether there are events that the Trail has to store.
func (u *Unit) hasUnstored() bool {
	return u.deps.Trail != nil && slices.ContainsFunc(u.events, func(e event) bool { return !e.stored })
}

// storeEvents stores the events that are not stored yet, in the transaction of ctx if
// there is one.
func (u *Unit) storeEvents(ctx context.Context) error {
	if !u.hasUnstored() {
		return nil
	}
	if err := u.sealEvents(); err != nil {
		return err
	}
	var events, decoys []authn.Event
	for _, e := range u.events {
		if e.anonymous {
			e.SessionID, e.Client = "", authn.Client{}
		}
		switch {
		case e.stored:
		case e.isDecoy:
			decoys = append(decoys, e.Event)
		default:
			events = append(events, e.Event)
		}
	}
	if err := u.deps.Trail.Append(ctx, events, decoys); err != nil {
		return err
	}
	for i := range u.events {
		u.events[i].stored = true
	}
	return nil
}

// Finish stores the events of the unit of ctx that no transaction has stored, publishes
// all of them, and calls the functions that were passed to Afterwards. path is that of
// the request, for logged errors.
func (d *Deps) Finish(ctx context.Context, path string) {
	u := Of(ctx)
	failed := func(what string, err error) {
		d.Logger.ErrorContext(ctx, what, "path", path, "error", err)
	}
	if err := u.storeEvents(ctx); err != nil {
		failed("events were not stored", err)
	}
	if err := u.sealEvents(); err != nil {
		failed("events are incomplete", err)
	}
	events, afterwards := u.events, u.afterwards
	u.events, u.afterwards = nil, nil
	for _, e := range events {
		if d.OnEvent != nil && !e.isDecoy {
			d.OnEvent(ctx, e.Event)
		}
	}
	for _, f := range afterwards {
		if err := f(ctx); err != nil {
			failed("clean-up after a request failed", err)
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
