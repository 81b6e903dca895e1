package socialaccount

// The events of login through third parties. Each is published after the change
// is stored.

// AccountConnected is published when an account at a provider was connected to an
// existing user. It is not published at sign-up.
type AccountConnected struct{ UserID, Provider, UID string }

// AccountUpdated is published when the stored profile of an account was updated.
type AccountUpdated struct{ UserID, Provider, UID string }

// AccountDisconnected is published when an account at a provider was
// disconnected.
type AccountDisconnected struct{ UserID, Provider, UID string }

// LoginFailed is published when a login through a provider failed. Code is the
// error that the front end receives.
type LoginFailed struct{ Provider, Process, Code string }

// EventName implements authn.Event.
func (AccountConnected) EventName() string { return "socialaccount.account_connected" }

// EventName implements authn.Event.
func (AccountUpdated) EventName() string { return "socialaccount.account_updated" }

// EventName implements authn.Event.
func (AccountDisconnected) EventName() string { return "socialaccount.account_disconnected" }

// EventName implements authn.Event.
func (LoginFailed) EventName() string { return "socialaccount.login_failed" }
