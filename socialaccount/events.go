package socialaccount

// The details of the events of login through third parties. Each event is published
// after the change is stored.

// AccountConnected is published when an account at a provider was connected to an
// existing user. It is not published at sign-up.
type AccountConnected struct {
	Provider string `json:"provider"`
	UID      string `json:"uid"`
}

// AccountUpdated is published when the stored profile of an account was updated.
type AccountUpdated struct {
	Provider string `json:"provider"`
	UID      string `json:"uid"`
}

// AccountDisconnected is published when an account at a provider was
// disconnected.
type AccountDisconnected struct {
	Provider string `json:"provider"`
	UID      string `json:"uid"`
}

// LoginFailed is published when a login through a provider failed.
type LoginFailed struct {
	Provider string `json:"provider"`
	Process  string `json:"process"`
	// Code is the error that the front end receives.
	Code string `json:"code"`
}

// EventName implements authn.EventDetails.
func (AccountConnected) EventName() string { return "socialaccount.account_connected" }

// EventName implements authn.EventDetails.
func (AccountUpdated) EventName() string { return "socialaccount.account_updated" }

// EventName implements authn.EventDetails.
func (AccountDisconnected) EventName() string { return "socialaccount.account_disconnected" }

// EventName implements authn.EventDetails.
func (LoginFailed) EventName() string { return "socialaccount.login_failed" }
