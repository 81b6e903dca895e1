package code_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
)

// A hook refuses a username with a code of the API, so that clients handle it like
// any other refused username.
func Example() {
	beforeSignup := func(_ context.Context, u *authn.NewUser) error {
		if strings.HasPrefix(u.Username, "admin") {
			return &authn.Error{Code: code.UsernameBlacklisted, Param: "username", Message: "Enter another username."}
		}
		return nil
	}
	fmt.Println(beforeSignup(context.Background(), &authn.NewUser{Username: "admin2"}))
	// Output: username: username_blacklisted
}
