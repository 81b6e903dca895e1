package socialaccount

// The events of this room, published after what they tell of is stored.

// AccountConnected tells of an account at a provider that now logs in its user.
// It is not published at sign-up.
type AccountConnected struct{ UserID, Provider, UID string }

// AccountUpdated tells of a profile that was read again.
type AccountUpdated struct{ UserID, Provider, UID string }

// AccountDisconnected tells of an account at a provider that logs in nobody any
// more.
type AccountDisconnected struct{ UserID, Provider, UID string }

// LoginFailed tells of a login through a provider that came to nothing. Code is
// what the front end is told.
type LoginFailed struct{ Provider, Process, Code string }

// EventName implements authn.Event.
func (AccountConnected) EventName() string { return "socialaccount.account_connected" }

// EventName implements authn.Event.
func (AccountUpdated) EventName() string { return "socialaccount.account_updated" }

// EventName implements authn.Event.
func (AccountDisconnected) EventName() string { return "socialaccount.account_disconnected" }

// EventName implements authn.Event.
func (LoginFailed) EventName() string { return "socialaccount.login_failed" }
