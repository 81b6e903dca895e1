package ratelimit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The limited actions.
const (
	ActionLogin                = "login"
	ActionLoginFailed          = "login_failed"
	ActionSignup               = "signup"
	ActionResetPassword        = "reset_password"
	ActionResetPasswordFromKey = "reset_password_from_key"
	ActionRequestLoginCode     = "request_login_code"
	ActionConfirmCode          = "confirm_code"
	ActionRequestPasskey       = "request_passkey"
	ActionReauthenticate       = "reauthenticate"
	ActionChangePassword       = "change_password"
	ActionManageEmail          = "manage_email"
	ActionChangePhone          = "change_phone"
	ActionConfirmEmail         = "confirm_email"
	ActionVerifyPhone          = "verify_phone"
)

// Limits are the rates of each action. An action without rates is not limited.
type Limits map[string][]Rate

// Defaults returns the default limits. Mails that verify an address by code may
// follow each other sooner than those by link.
func Defaults(emailVerificationByCode bool) Limits {
	confirm := "1/180s/key"
	if emailVerificationByCode {
		confirm = "1/10s/key,20/h/key"
	}
	limits := Limits{}
	for action, text := range map[string]string{
		ActionLogin:                "30/m/ip",
		ActionLoginFailed:          "10/m/ip,5/300s/key,100/d/key",
		ActionSignup:               "20/m/ip",
		ActionResetPassword:        "20/m/ip,5/m/key,20/h/key",
		ActionResetPasswordFromKey: "20/m/ip",
		ActionRequestLoginCode:     "20/m/ip,3/m/key,20/h/key",
		ActionConfirmCode:          "10/h/key",
		ActionRequestPasskey:       "120/m/ip",
		ActionReauthenticate:       "10/m/user",
		ActionChangePassword:       "5/m/user",
		ActionManageEmail:          "10/m/user",
		ActionChangePhone:          "1/m/user",
		ActionConfirmEmail:         confirm,
		ActionVerifyPhone:          "1/30s/key,3/m/ip,10/h/key",
	} {
		limits[action], _ = Parse(text) // a test parses the texts above
	}
	return limits
}

// Override returns the limits with the rates of some actions replaced. An empty
// text removes the limit of an action. It returns an error for an action that
// does not exist.
func (l Limits) Override(rates map[string]string) (Limits, error) {
	merged := maps.Clone(l)
	for _, action := range slices.Sorted(maps.Keys(rates)) {
		if _, ok := l[action]; !ok {
			known := strings.Join(slices.Sorted(maps.Keys(l)), ", ")
			return nil, fmt.Errorf("RateLimits holds %q; use %s", action, known)
		}
		parsed, err := Parse(rates[action])
		if err != nil {
			return nil, fmt.Errorf("RateLimits[%q]: %w", action, err)
		}
		merged[action] = parsed
	}
	return merged, nil
}
