package clienttest

import (
	"context"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/users"
)

// NewAccount is an account with at most one address.
type NewAccount struct {
	authn.NewUser
	AllowUsernameTwin            bool
	EmailVerified, PhoneVerified bool
	PasswordHash                 string
}

// Create creates an account. What is taken or invalid is an error.
func Create(ctx context.Context, auth *allauth.Auth, in NewAccount) (*authn.User, error) {
	form := users.Create{
		Username: in.Username, AllowUsernameTwin: in.AllowUsernameTwin, Display: in.Display, Extra: in.Extra,
		Phone: users.Phone{Number: in.Phone, Verified: in.PhoneVerified}, PasswordHash: in.PasswordHash,
	}
	if in.Email != "" {
		form.Emails = []users.Email{{Address: in.Email, Verified: in.EmailVerified}}
	}
	result, err := auth.Users().Create(ctx, form)
	if err == nil && len(result.Skipped) > 0 {
		err = result.Skipped[0].Err
	}
	return result.User, err
}
