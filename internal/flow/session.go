package flow

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Kind is the kind of client a session belongs to.
type Kind string

const (
	// App clients send their token in a header.
	App Kind = "app"
	// Browser clients send cookies and a CSRF token.
	Browser Kind = "browser"
)

// State is what is stored of a session. It holds ids and times only: whatever
// is secret, counted or single-use lives in a row of its own.
type State struct {
	UserID string `json:"user,omitempty"`
	// Methods are the proofs given so far, and MethodsOf whose they are.
	Methods   []authn.Method `json:"methods,omitempty"`
	MethodsOf string         `json:"methods_of,omitempty"`
	// Login is a login that waits at a stage.
	Login *Login `json:"login,omitempty"`
	// Slots are the rooms' own values, see Slot.
	Slots map[string]json.RawMessage `json:"slots,omitempty"`
}

// Session is the state of one client during one request. It is not safe for
// concurrent use; parallel requests each load their own.
type Session struct {
	Kind   Kind
	Client authn.Client
	State  State
	// Identity is the logged-in user, nil if there is none.
	Identity *Identity
	// RowID names the stored session, empty if there is none yet.
	RowID string
	// ReadCookies returns the values of a cookie that came with a browser's
	// request, of which other sites may have set some. It may be nil.
	ReadCookies func(name string) []string

	changed bool
	rotate  bool
	ended   bool
	// finished is true once something that was pending has come to its end, and
	// continues once the session got a new token for it.
	finished, continues bool
	events              []authn.Event
	cookies             []Cookie
	// verdict is what the host said of the login, veto its refusal.
	verdict *verdict
	veto    error
	// afterwards are called once the request is answered for.
	afterwards []func(ctx context.Context) error
	// commits counts the transactions of the request.
	commits int
	keeper  Keeper
}

// Cookie is one that a room asks the browser to keep, beside the session's.
type Cookie struct {
	Name, Value string
	MaxAge      time.Duration // negative: delete it
}

// NewSession returns an anonymous session.
func NewSession(kind Kind, client authn.Client) *Session {
	return &Session{Kind: kind, Client: client}
}

// Authenticated reports whether somebody is logged in.
func (s *Session) Authenticated() bool { return s.Identity != nil }

// UserID returns the logged-in user's id, empty if there is none.
func (s *Session) UserID() string {
	if s.Identity == nil {
		return ""
	}
	return s.Identity.User.ID
}

// SetKeeper says who stores the session. Without one nothing stores it.
func (s *Session) SetKeeper(k Keeper) { s.keeper = k }

// Kept notes that the session is stored as it is, in the row with that id.
func (s *Session) Kept(rowID string) {
	s.RowID = rowID
	s.changed, s.rotate, s.ended, s.finished, s.continues = false, false, false, false, false
}

// Afterwards calls f at the end of the request, outside of any transaction: for
// what must not decide the client's answer, such as the refund of an attempt.
// Errors are logged.
func (s *Session) Afterwards(f func(ctx context.Context) error) {
	s.afterwards = append(s.afterwards, f)
}

// TakeAfterwards returns what Afterwards was given and empties the list.
func (s *Session) TakeAfterwards() []func(ctx context.Context) error {
	list := s.afterwards
	s.afterwards = nil
	return list
}

// Commits returns how many transactions of the request were committed.
func (s *Session) Commits() int { return s.commits }

// Changed reports whether the state has to be stored.
func (s *Session) Changed() bool { return s.changed }

// Rotates reports whether the session goes on under a new token.
func (s *Session) Rotates() bool { return s.rotate }

// Continues reports whether the session goes on under a new token for the same
// client: a flow that was pending in it is finished, or its user stayed. Another
// login in its place does not continue it.
func (s *Session) Continues() bool { return s.continues }

// Finish notes that something that was pending has come to its end.
func (s *Session) Finish() { s.finished = true }

// Ended reports whether the stored session must be deleted.
func (s *Session) Ended() bool { return s.ended }

// Empty reports whether there is nothing worth storing.
func (s *Session) Empty() bool {
	return s.State.UserID == "" && s.State.Login == nil && len(s.State.Methods) == 0 && len(s.State.Slots) == 0
}

// maxMethods bounds how many proofs a session remembers: it is read with every
// request.
const maxMethods = 50

// AddMethod records a proof of identity of the user. Proofs that another user
// gave in the same session are dropped, and of too many the oldest that was a
// repetition.
func (s *Session) AddMethod(userID string, m authn.Method) {
	if s.State.MethodsOf != userID {
		s.State.Methods, s.State.MethodsOf = nil, userID
	}
	s.State.Methods = boundedMethods(append(s.State.Methods, m))
	s.changed = true
}

// boundedMethods drops, of too many proofs, the oldest repetitions.
func boundedMethods(list []authn.Method) []authn.Method {
	for len(list) > maxMethods {
		repeated := slices.IndexFunc(list, func(m authn.Method) bool { return m.Reauthenticated })
		list = slices.Delete(list, max(repeated, 0), max(repeated, 0)+1)
	}
	return list
}

// SetLogin keeps l as the pending login; nil drops it.
func (s *Session) SetLogin(l *Login) {
	if l == nil && s.State.Login == nil {
		return
	}
	s.State.Login = l
	s.changed = true
}

// LogIn makes the identity the session's user, under a new token.
func (s *Session) LogIn(id *Identity) {
	if s.State.MethodsOf != id.User.ID {
		s.State.Methods, s.State.MethodsOf = nil, id.User.ID
	}
	if s.State.UserID != "" && s.State.UserID != id.User.ID {
		s.State.Slots = nil
	}
	s.continues = s.finished || s.State.UserID == id.User.ID
	s.State.UserID = id.User.ID
	s.State.Login = nil
	s.Identity = id
	s.changed, s.rotate = true, true
}

// Rotate lets the session go on under a new token, as after a change of
// password.
func (s *Session) Rotate() { s.changed, s.rotate, s.continues = true, true, true }

// End forgets everything, pending flows included.
func (s *Session) End() {
	s.State = State{}
	s.Identity = nil
	s.changed, s.rotate, s.ended = false, false, true
}

// Slot reads the room's own value stored under key into v and reports whether
// there was one.
func (s *Session) Slot(key string, v any) bool {
	raw, ok := s.State.Slots[key]
	return ok && json.Unmarshal(raw, v) == nil
}

// SetSlot stores the room's own value under key. It holds ids and times only.
func (s *Session) SetSlot(key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if s.State.Slots == nil {
		s.State.Slots = map[string]json.RawMessage{}
	}
	s.State.Slots[key] = raw
	s.changed = true
	return nil
}

// DropSlot removes the room's own value.
func (s *Session) DropSlot(key string) {
	if _, ok := s.State.Slots[key]; ok {
		delete(s.State.Slots, key)
		s.changed, s.finished = true, true
	}
}

// snapshot returns a function that brings the session back to what it is now, for
// a transaction that is rolled back.
func (s *Session) snapshot() (restore func()) {
	saved := *s
	saved.State.Methods = slices.Clone(s.State.Methods)
	saved.State.Slots = maps.Clone(s.State.Slots)
	saved.events = slices.Clone(s.events)
	saved.cookies = slices.Clone(s.cookies)
	saved.afterwards = slices.Clone(s.afterwards)
	if l := s.State.Login; l != nil {
		copied := *l
		copied.Passed = slices.Clone(l.Passed)
		copied.Notes = maps.Clone(l.Notes)
		saved.State.Login = &copied
	}
	undo := func() {}
	if s.keeper != nil {
		undo = s.keeper.Snapshot()
	}
	return func() {
		undo()
		*s = saved
	}
}

// takeVeto returns the host's veto on the login, if there was one, and forgets
// it.
func (s *Session) takeVeto() error {
	veto := s.veto
	s.veto = nil
	return veto
}

// Emit queues an event that is published once the session is stored.
func (s *Session) Emit(e authn.Event) { s.events = append(s.events, e) }

// TakeEvents returns the queued events and empties the queue.
func (s *Session) TakeEvents() []authn.Event {
	events := s.events
	s.events = nil
	return events
}

// SentCookies returns the values of a cookie that came with a browser's request.
// An app has no cookies, whatever it sends.
func (s *Session) SentCookies(name string) []string {
	if s.Kind != Browser || s.ReadCookies == nil {
		return nil
	}
	return s.ReadCookies(name)
}

// SetCookie asks the browser to keep c. It is ignored for apps.
func (s *Session) SetCookie(c Cookie) { s.cookies = append(s.cookies, c) }

// Cookies returns what SetCookie was asked for.
func (s *Session) Cookies() []Cookie { return s.cookies }
