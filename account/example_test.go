package account_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// Users sign up with a username and an email address, say where they work, and
// verify the address by a code.
func Example() {
	config := allauth.Config{
		Account: account.Config{
			LoginMethods:            []account.LoginMethod{account.LoginByEmail, account.LoginByUsername},
			SignupFields:            []string{"email*", "username*", "password1*"},
			EmailVerificationByCode: &account.CodeConfig{Resends: 2},
			SignupForm: func(_ context.Context, input map[string]json.RawMessage) (map[string]json.RawMessage, error) {
				var company string
				if err := json.Unmarshal(input["company"], &company); err != nil || company == "" {
					return nil, authn.Errors{{Param: "company", Code: "required", Message: "Enter your company."}}
				}
				return map[string]json.RawMessage{"company": input["company"]}, nil
			},
		},
	}
	_, err := config.Account.SignupForm(context.Background(), nil)
	fmt.Println(err)
	// Output: company: required
}
