package login

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/allauth-go/allauth/authn"
)

// ErrSignupIncomplete means that a sign-up by provider needs what the provider
// did not tell, or something else than what it told: a form has to ask.
var ErrSignupIncomplete = errors.New("login: sign-up needs a form")

// ProviderEmail is an address that a provider names.
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
	// Username, FirstName and LastName are what the provider suggests.
	Username, FirstName, LastName string
	// EmailRequired tells whether an account needs an address. Nil: what the
	// sign-up form says.
	EmailRequired *bool
	// Form is what the user typed in. Nil: no form was shown, and
	// ErrSignupIncomplete says that one has to be.
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
	// Recheck is called once it is known whether the address is taken. Its error
	// ends the sign-up: the same identity may have signed up at the same time. It
	// may be nil.
	Recheck func(ctx context.Context) error
	// Prepare changes the login before it starts. It may be nil.
	Prepare func(l *Attempt)
}

// ProviderSignupForm is what the form of a sign-up by provider asks for.
type ProviderSignupForm struct {
	Email, Email2, Username, Phone string
	// Fields are all members of the input, for the host's own ones.
	Fields map[string]json.RawMessage
}
