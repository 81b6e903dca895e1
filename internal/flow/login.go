package flow

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// NoteCodeRequired is the note of a login that had to prove a code after another
// proof.
const NoteCodeRequired = "code_required"

// Login is an attempt to log in, from the first proof to the last stage.
type Login struct {
	// UserID is empty for a login that only pretends, so that a stranger can
	// not tell known from unknown accounts. It never completes.
	UserID string `json:"user,omitempty"`
	// AuthHash is the fingerprint of the password that the login began under:
	// with another one it does not go on. Empty where it begins: the current
	// one.
	AuthHash string `json:"auth_hash,omitempty"`
	// Email or Phone is what the login went by, if either.
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
	// GivenEmail and GivenPhone are what the user gave while the login waited.
	GivenEmail *Given `json:"given_email,omitempty"`
	GivenPhone *Given `json:"given_phone,omitempty"`
	// Signup marks the first login of a new account.
	Signup bool `json:"signup,omitempty"`
	// StartedAt is when the login began; it is void LoginTimeout later.
	StartedAt time.Time `json:"started_at"`
	// Stage is where the login waits.
	Stage string `json:"stage,omitempty"`
	// Passed are the stages that somebody did something at, in order.
	Passed []string `json:"passed,omitempty"`
	// Notes are the stages' own values.
	Notes map[string]json.RawMessage `json:"notes,omitempty"`
}

// IsCurrent reports whether the user is still there, with the password that the
// login began under. A login that pretends has no user who could change it.
func (l *Login) IsCurrent(ctx context.Context, users Identifier) (bool, error) {
	id, err := users.Identify(ctx, l.UserID)
	if errors.Is(err, authn.ErrNotFound) {
		return l.UserID == "", nil
	}
	return err == nil && id.AuthHash == l.AuthHash, err
}

// Note reads the value that a stage stored under key and reports whether there
// was one.
func (l *Login) Note(key string, v any) bool {
	raw, ok := l.Notes[key]
	return ok && json.Unmarshal(raw, v) == nil
}

// SetNote stores a stage's own value.
func (l *Login) SetNote(key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if l.Notes == nil {
		l.Notes = map[string]json.RawMessage{}
	}
	l.Notes[key] = raw
	return nil
}

// HasPassed reports whether the login waited at that stage and was let through.
func (l *Login) HasPassed(stage string) bool { return slices.Contains(l.Passed, stage) }
