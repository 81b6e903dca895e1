package login

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/allauth-go/allauth/authn"
)

// ErrSignupIncomplete means that a sign-up through a provider needs input that the
// provider did not send, or that cannot be accepted, so the user has to fill in a form.
var ErrSignupIncomplete = errors.New("login: sign-up needs a form")

// ProviderEmail is an address from a provider.
type ProviderEmail struct {
	// Email is in its canonical form.
	Email string `json:"email"`
	// Verified is true if the provider says that the user owns it.
	Verified bool `json:"verified"`
}

// ProviderSignup is a sign-up through a provider.
type ProviderSignup struct {
	// Emails are the provider's addresses, the preferred one first.
	Emails []ProviderEmail
	// Username, FirstName and LastName are those at the provider.
	Username, FirstName, LastName string
	// EmailRequired says whether an account needs an address. Nil: as in the sign-up
	// form.
	EmailRequired *bool
	// Form is the form that the user filled in, nil if none was shown yet.
	Form *ProviderSignupForm
	// Populate may change the user before it is created. It may be nil.
	Populate func(ctx context.Context, u *authn.NewUser) error
	// Consume uses up the pending sign-up, in the transaction that creates the user, or
	// its decoy, once they are created. It may be nil.
	Consume func(ctx context.Context) error
	// AfterCreate runs in the transaction that creates the user.
	AfterCreate func(ctx context.Context, userID string) error
	// AfterDecoy does the work of AfterCreate for a decoy. What it writes is undone.
	AfterDecoy func(ctx context.Context, userID string) error
	// Recheck is called after the check whether the address is taken. It returns an
	// error, which ends the sign-up, if the same identity has signed up meanwhile. It
	// may be nil.
	Recheck func(ctx context.Context) error
	// Prepare changes the login before it starts. It may be nil.
	Prepare func(l *Attempt)
}

// ProviderSignupForm is the form of a sign-up through a provider.
type ProviderSignupForm struct {
	Email, Email2, Username, Phone string
	// Fields are all members of the input, for the host's own ones.
	Fields map[string]json.RawMessage
}
