package login

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Attempt is an attempt to log in, from the first method to the last stage.
type Attempt struct {
	// UserID is empty for a decoy, which looks like the attempt of a known user and
	// never completes.
	UserID string `json:"user,omitempty"`
	// AuthHash is the fingerprint of the password at the start of the login, which
	// ends if the password changes. Start sets it if it is empty.
	AuthHash string `json:"auth_hash,omitempty"`
	// Email or Phone is the contact with which the user logs in, if there is one.
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
	// GivenEmail and GivenPhone are the contacts that the user gave while the login
	// waited.
	GivenEmail *Given `json:"given_email,omitempty"`
	GivenPhone *Given `json:"given_phone,omitempty"`
	// Signup is true for the first login of a new account.
	Signup bool `json:"signup,omitempty"`
	// StartedAt is when the login began. It expires after LoginTimeout.
	StartedAt time.Time `json:"started_at"`
	// Stage is the stage at which the login waits.
	Stage string `json:"stage,omitempty"`
	// Passed are the stages at which the login has waited, in order.
	Passed []string `json:"passed,omitempty"`
	// Skipped are the stages that the login does not enter, because the host has
	// checked itself what they check.
	Skipped []string `json:"skipped,omitempty"`
	Notes   `json:"notes,omitzero"`
}

// Notes are the data of single stages in the attempt.
type Notes struct {
	// LoginCode, PhoneVerification and EmailVerification are the ids of the challenges
	// for which the attempt waits.
	LoginCode         string `json:"login_code,omitempty"`
	PhoneVerification string `json:"phone_verification,omitempty"`
	EmailVerification string `json:"email_verification,omitempty"`
	// EmailPolicy is the rule on unverified addresses for this login, nil for that of
	// account.Config.EmailVerification.
	EmailPolicy *authn.Verification `json:"email_policy,omitempty"`
	// CodeRequired is true if a login code is required after another authentication.
	CodeRequired bool `json:"code_required,omitempty"`
	// Passkey is true if the user has shown a passkey, which is two factors.
	Passkey bool `json:"mfa.passkey,omitempty"`
	// PasskeySignup is true if the new account gets a passkey in place of a
	// password.
	PasskeySignup bool `json:"mfa.passkey_signup,omitempty"`
}

// IsCurrent reports whether the user exists, still has the password of the start of the
// attempt, and the host has not ended the user's pending logins since. A decoy is always
// current.
func (l *Attempt) IsCurrent(ctx context.Context, users Identifier) (bool, error) {
	id, err := users.Identify(ctx, l.UserID)
	missing := errors.Is(err, authn.ErrNotFound)
	if err != nil && !missing {
		return false, err
	}
	ended, err := users.LoginsEnded(ctx, l.UserID)
	if err != nil || missing {
		return l.UserID == "", err
	}
	return id.AuthHash == l.AuthHash && !l.StartedAt.Before(ended), nil
}

// HasPassed reports whether the login has waited at the stage and passed it.
func (l *Attempt) HasPassed(stage string) bool { return slices.Contains(l.Passed, stage) }
