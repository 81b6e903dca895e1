package login

import (
	"reflect"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Kind is the kind of client of a session.
type Kind string

const (
	// App clients send their token in a header.
	App Kind = "app"
	// Browser clients send cookies and a CSRF token.
	Browser Kind = "browser"
)

// State is the stored part of a session. It has only ids and times: secrets, counters
// and codes are in rows of their own.
type State struct {
	UserID string `json:"user,omitempty"`
	// Methods are the authentications of the user MethodsOf.
	Methods   []authn.Method `json:"methods,omitempty"`
	MethodsOf string         `json:"methods_of,omitempty"`
	// Login is a login that waits at a stage.
	Login *Attempt `json:"login,omitempty"`
	// Impersonation is set while the user to whom the session belongs acts as UserID.
	Impersonation *Impersonation `json:"impersonation,omitempty"`
	Slots         `json:"slots,omitzero"`
}

// Slots are the data of flows in a session, beside a pending login. The texts are ids of
// challenges.
type Slots struct {
	EmailVerification string `json:"account.email_verification,omitempty"`
	PhoneVerification string `json:"account.phone_verification,omitempty"`
	PasswordReset     string `json:"account.password_reset,omitempty"`
	// OwnCode is the reauthentication by code of the user who is logged in.
	OwnCode   *Attempt `json:"account.own_code,omitempty"`
	TOTPSetup string   `json:"mfa.totp_setup,omitempty"`

	WebAuthnAdd            string `json:"mfa.webauthn.add,omitempty"`
	WebAuthnSignup         string `json:"mfa.webauthn.signup,omitempty"`
	WebAuthnLogin          string `json:"mfa.webauthn.login,omitempty"`
	WebAuthnAuthenticate   string `json:"mfa.webauthn.authenticate,omitempty"`
	WebAuthnReauthenticate string `json:"mfa.webauthn.reauthenticate,omitempty"`

	ProviderSignup string `json:"socialaccount_signup,omitempty"`
	// ProviderStates are the pending state parameters, the oldest first.
	ProviderStates []string `json:"socialaccount_states,omitempty"`
}

// IsEmpty reports whether all slots are empty.
func (s *Slots) IsEmpty() bool { return reflect.ValueOf(s).Elem().IsZero() }

// Session is the state of one client during one request. It is not safe for
// concurrent use; parallel requests each load their own.
type Session struct {
	Kind   Kind
	Client authn.Client
	State  State
	// Identity is the logged-in user, nil if there is none.
	Identity *Identity
	// Actor is the user who acts as Identity, nil without an impersonation. If it is
	// set and Identity is nil, the impersonation is over.
	Actor *Identity
	// RowID is the id of the stored session, empty if there is none yet.
	RowID string
	// ReadCookies returns the values of a cookie in a browser's request, some of which
	// other sites may have set. It may be nil.
	ReadCookies func(name string) []string

	changed bool
	rotate  bool
	ended   bool
	// finished is true after a pending flow has finished, continues after the session
	// got a new token for that reason.
	finished, continues bool
	cookies             []Cookie
	// verdict is the answer of the hook BeforeLogin, requirement that of RequiredFor.
	verdict     *verdict
	requirement *requirement
}

// Cookie is a cookie that the answer sets, beside that of the session.
type Cookie struct {
	Name, Value string
	MaxAge      time.Duration // negative: delete it
}

// NewSession returns an anonymous session.
func NewSession(kind Kind, client authn.Client) *Session {
	return &Session{Kind: kind, Client: client}
}

// Authenticated reports whether a user is logged in.
func (s *Session) Authenticated() bool { return s.Identity != nil }

// UserID returns the logged-in user's id, empty if there is none.
func (s *Session) UserID() string {
	if s.Identity == nil {
		return ""
	}
	return s.Identity.User.ID
}

// Kept is called after the session was stored in the row with that id.
func (s *Session) Kept(rowID string) {
	s.RowID = rowID
	s.changed, s.rotate, s.ended, s.finished, s.continues = false, false, false, false, false
}

// Changed reports whether the state has to be stored.
func (s *Session) Changed() bool { return s.changed }

// Rotates reports whether the session gets a new token.
func (s *Session) Rotates() bool { return s.rotate }

// Continues reports whether the session continues under its new token: a flow that was
// pending in it has finished, or its user is the same. It does not continue if another
// login takes its place.
func (s *Session) Continues() bool { return s.continues }

// Finish is called after a pending flow has finished.
func (s *Session) Finish() { s.finished = true }

// Ended reports whether the stored session must be deleted.
func (s *Session) Ended() bool { return s.ended }

// Empty reports whether there is nothing worth storing.
func (s *Session) Empty() bool {
	return s.State.UserID == "" && s.State.Login == nil && len(s.State.Methods) == 0 && s.State.Slots.IsEmpty()
}

// maxMethods is the maximum number of methods in a session, which each request reads.
const maxMethods = 50

// AddMethod records an authentication of the user. It removes the methods of another
// user, and, if there are too many, the oldest reauthentication.
func (s *Session) AddMethod(userID string, m authn.Method) {
	if s.State.MethodsOf != userID {
		s.State.Methods, s.State.MethodsOf = nil, userID
	}
	s.State.Methods = boundedMethods(append(s.State.Methods, m))
	s.changed = true
}

// boundedMethods removes the oldest reauthentications if there are too many methods.
func boundedMethods(list []authn.Method) []authn.Method {
	for len(list) > maxMethods {
		repeated := slices.IndexFunc(list, func(m authn.Method) bool { return m.Reauthenticated })
		list = slices.Delete(list, max(repeated, 0), max(repeated, 0)+1)
	}
	return list
}

// Login returns the pending login, or nil.
func (s *Session) Login() *Attempt {
	if s.Authenticated() {
		return nil
	}
	return s.State.Login
}

// Pending returns the login that waits at the stage, or nil.
func (s *Session) Pending(stage string) *Attempt {
	if l := s.Login(); l != nil && l.Stage == stage {
		return l
	}
	return nil
}

// SetLogin makes l the pending login. Nil ends it.
func (s *Session) SetLogin(l *Attempt) {
	if l == nil && s.State.Login == nil {
		return
	}
	s.State.Login = l
	s.changed = true
}

// LogIn makes the identity the session's user, under a new token.
func (s *Session) LogIn(id *Identity) {
	s.State.UserID, s.State.Impersonation, s.Actor = s.State.OwnerID(), nil, nil
	if s.State.MethodsOf != id.User.ID {
		s.State.Methods, s.State.MethodsOf = nil, id.User.ID
	}
	if s.State.UserID != "" && s.State.UserID != id.User.ID {
		s.State.Slots = Slots{}
	}
	s.continues = s.finished || s.State.UserID == id.User.ID
	s.State.UserID = id.User.ID
	s.State.Login = nil
	s.Identity = id
	s.changed, s.rotate = true, true
}

// Rotate gives the session a new token, for example after a change of the password.
func (s *Session) Rotate() { s.changed, s.rotate, s.continues = true, true, true }

// End ends the session and all that is pending in it.
func (s *Session) End() {
	s.State = State{}
	s.Identity, s.Actor = nil, nil
	s.changed, s.rotate, s.ended = false, false, true
}

// Put sets a field of the session's Slots.
func Put[T any](s *Session, field *T, value T) {
	*field = value
	s.changed = true
}

// Drop empties a field of the session's Slots, whose flow has finished.
func Drop[T any](s *Session, field *T) {
	if v := reflect.ValueOf(field).Elem(); !v.IsZero() {
		v.SetZero()
		s.changed, s.finished = true, true
	}
}

// Snapshot returns a function that restores the session to its current state, for a
// transaction that is rolled back. The answers of the host's hooks are kept.
func (s *Session) Snapshot() (restore func()) {
	saved := *s
	saved.State.Methods = slices.Clone(s.State.Methods)
	saved.State.ProviderStates = slices.Clone(s.State.ProviderStates)
	saved.cookies = slices.Clone(s.cookies)
	if l := s.State.Login; l != nil {
		copied := *l
		copied.Passed = slices.Clone(l.Passed)
		saved.State.Login = &copied
	}
	return func() {
		saved.verdict, saved.requirement = s.verdict, s.requirement
		*s = saved
	}
}

// SentCookies returns the values of a cookie in a browser's request. Cookies of apps are
// ignored.
func (s *Session) SentCookies(name string) []string {
	if s.Kind != Browser || s.ReadCookies == nil {
		return nil
	}
	return s.ReadCookies(name)
}

// SetCookie sets a cookie in the answer. It is ignored for apps.
func (s *Session) SetCookie(c Cookie) { s.cookies = append(s.cookies, c) }

// Cookies returns the cookies of SetCookie.
func (s *Session) Cookies() []Cookie { return s.cookies }
