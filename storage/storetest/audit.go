package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/audit"
)

// Audit checks an audit.Store.
func Audit(t *testing.T, open func(t *testing.T) audit.Store) {
	t.Helper()
	run(t, open, auditChecks)
}

var auditChecks = []check[audit.Store]{
	{"events are returned as they were stored", auditStored},
	{"events are selected by each field of the filter", auditFilter},
	{"the latest event is first, and pages continue where the last one ended", auditPages},
	{"events are stored together or not at all", auditTogether},
	{"a decoy is never returned", auditDecoys},
	{"events about a user are forgotten, and where they acted", auditForget},
	{"a cancelled context leaves nothing behind", auditCancelled},
}

func newEvent(k *kit, userID string, offset time.Duration) audit.Row {
	return audit.Row{
		ID: k.id(), Name: "kit.happened", Time: k.now(offset), UserID: userID, ActorID: k.id(), SessionID: rowID(), IP: "203.0.113.7",
		UserAgent: "kit/1", Details: []byte(`{"email":"Ann@example.org","n":1}`), ExpiresAt: k.now(offset + time.Hour),
	}
}

func storedEvent(k *kit, s audit.Store, edit ...func(e *audit.Row)) audit.Row {
	k.Helper()
	e := newEvent(k, k.id(), 0)
	for _, change := range edit {
		change(&e)
	}
	k.ok("AppendEvents", s.AppendEvents(k.Context(), e))
	return e
}

func (k *kit) events(s audit.Store, f audit.Filter) []audit.Row {
	k.Helper()
	if f.Limit == 0 {
		f.Limit = 10
	}
	list, err := s.AuditEvents(k.Context(), f)
	k.ok("AuditEvents", err)
	for i := range list {
		list[i].Time, list[i].ExpiresAt = list[i].Time.UTC(), list[i].ExpiresAt.UTC()
	}
	return list
}

func auditStored(k *kit, s audit.Store) {
	user := k.id()
	first, second := newEvent(k, user, 0), newEvent(k, user, time.Microsecond)
	second.ActorID, second.SessionID, second.IP, second.UserAgent, second.Details = "", "", "", "", []byte(`{}`)
	k.ok("AppendEvents", s.AppendEvents(k.Context(), first, second))
	k.ok("AppendEvents of none", s.AppendEvents(k.Context()))
	k.same("AuditEvents of a user", k.events(s, audit.Filter{UserID: user}), []audit.Row{second, first}, "it returns what was stored, times to the microsecond")
	k.same("AuditEvents in other case", len(k.events(s, audit.Filter{UserID: swapCase(user)})), 0, "ids are compared byte by byte")
	var many []audit.Row
	for range 250 {
		many = append(many, newEvent(k, user, time.Second))
	}
	k.ok("AppendEvents of 250 rows", s.AppendEvents(k.Context(), many...))
	k.same("number of events after 250 more", len(k.events(s, audit.Filter{UserID: user, Limit: 1000})), 252, "all rows are stored")
}

func auditFilter(k *kit, s audit.Store) {
	user := k.id()
	at := func(offset time.Duration, edit ...func(e *audit.Row)) audit.Row {
		return storedEvent(k, s, append(edit, func(e *audit.Row) { e.UserID, e.Time = user, k.now(offset) })...)
	}
	first := at(0)
	second := at(time.Microsecond, func(e *audit.Row) { e.Name = "kit.other" })
	third := at(2*time.Microsecond, func(e *audit.Row) { e.Name = "kit.third" })
	storedEvent(k, s)
	for name, c := range map[string]struct {
		filter audit.Filter
		want   []audit.Row
	}{
		"ActorID": {audit.Filter{ActorID: second.ActorID}, []audit.Row{second}},
		"Names":   {audit.Filter{Names: []string{"kit.third", "kit.happened"}}, []audit.Row{third, first}},
		"From":    {audit.Filter{From: second.Time}, []audit.Row{third, second}},
		"Until":   {audit.Filter{Until: second.Time}, []audit.Row{first}},
		"all":     {audit.Filter{ActorID: third.ActorID, Names: []string{"kit.third"}, From: third.Time, Until: third.Time.Add(time.Microsecond)}, []audit.Row{third}},
		"Limit":   {audit.Filter{Limit: 2}, []audit.Row{third, second}},
	} {
		c.filter.UserID = user
		k.same("AuditEvents by "+name, k.events(s, c.filter), c.want, "it returns the events that the whole filter selects, the latest first")
	}
	list := k.events(s, audit.Filter{ActorID: first.ActorID})
	k.same("AuditEvents by ActorID alone", list, []audit.Row{first}, "it returns the events that the filter selects")
}

func auditPages(k *kit, s audit.Store) {
	user := k.id()
	var want []audit.Row
	for i := range 7 {
		want = append(want, storedEvent(k, s, func(e *audit.Row) { e.UserID, e.Time = user, k.now(time.Duration(i/3)*time.Microsecond) }))
	}
	slices.SortFunc(want, func(a, b audit.Row) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	var got []audit.Row
	f := audit.Filter{UserID: user, Limit: 2}
	for range 10 {
		page := k.events(s, f)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		f.Cursor = page[len(page)-1].Cursor()
	}
	k.same("AuditEvents in pages", got, want, "events are ordered by Time and ID, and a cursor continues after its event")
	for _, cursor := range []string{"x", "5", "5-", "-id", "5x-id", "5-a\x00", "5-a\xff", "5-ä"} {
		_, err := s.AuditEvents(k.Context(), audit.Filter{Cursor: cursor, Limit: 1})
		k.fails("AuditEvents with the cursor "+cursor, err, audit.ErrInvalidCursor, "it returns ErrInvalidCursor")
	}
}

func auditTogether(k *kit, s audit.Store) {
	taken := storedEvent(k, s)
	var many []audit.Row
	for range 120 {
		many = append(many, newEvent(k, taken.UserID, 0))
	}
	if err := s.AppendEvents(k.Context(), append(many, taken)...); err == nil {
		k.Errorf("AppendEvents of a stored id returned nil; the contract: ids are unique")
	}
	k.same("events after a failed AppendEvents", k.events(s, audit.Filter{UserID: taken.UserID}), []audit.Row{taken}, "all rows are stored, or none")
}

func auditDecoys(k *kit, s audit.Store) {
	decoy := storedEvent(k, s, func(e *audit.Row) { e.Name = audit.NameDecoy })
	for _, f := range []audit.Filter{{UserID: decoy.UserID}, {ActorID: decoy.ActorID}, {ActorID: decoy.ActorID, Names: []string{audit.NameDecoy}}} {
		k.same("AuditEvents where only a decoy fits", len(k.events(s, f)), 0, "decoys are not returned")
	}
}

func auditForget(k *kit, s audit.Store) {
	user := k.id()
	about := storedEvent(k, s, func(e *audit.Row) { e.UserID, e.ActorID = user, user })
	acted := storedEvent(k, s, func(e *audit.Row) { e.ActorID = user })
	other := storedEvent(k, s)
	unknown := storedEvent(k, s, func(e *audit.Row) { e.UserID = "" })
	for _, id := range []string{user, user, k.id(), ""} {
		k.ok("ForgetEvents", s.ForgetEvents(k.Context(), id))
	}
	k.same("events about a forgotten user", len(k.events(s, audit.Filter{UserID: about.UserID})), 0, "they are deleted")
	acted.SessionID, acted.IP, acted.UserAgent = "", "", ""
	k.same("what a forgotten user did to others", k.events(s, audit.Filter{ActorID: user}), []audit.Row{acted}, "it stays, without session, address and user agent")
	k.same("events about others", k.events(s, audit.Filter{UserID: other.UserID}), []audit.Row{other}, "they stay")
	k.same("events about no user", k.events(s, audit.Filter{ActorID: unknown.ActorID}), []audit.Row{unknown}, "they stay")
}

func auditCancelled(k *kit, s audit.Store) {
	e := newEvent(k, k.id(), 0)
	k.cancelled("AppendEvents", func(ctx context.Context) error { return s.AppendEvents(ctx, e) })
	k.cancelled("AppendEvents of none", func(ctx context.Context) error { return s.AppendEvents(ctx) })
	k.cancelled("ForgetEvents", func(ctx context.Context) error { return s.ForgetEvents(ctx, e.UserID) })
	k.cancelled("AuditEvents", func(ctx context.Context) error {
		_, err := s.AuditEvents(ctx, audit.Filter{Limit: 1})
		return err
	})
	k.same("events after cancelled calls", len(k.events(s, audit.Filter{UserID: e.UserID})), 0, "a cancelled context leaves nothing behind")
}
