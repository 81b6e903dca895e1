package password

// The details of the events of lists of breached passwords.

// BreachFound is published when a user entered a right password that is in
// Policy.BreachList.
type BreachFound struct{}

// LookupFailed is published when a new password was stored that could not be looked
// up in Policy.BreachList.
type LookupFailed struct{}

// EventName implements authn.EventDetails.
func (BreachFound) EventName() string { return "account.password_breached" }

// EventName implements authn.EventDetails.
func (LookupFailed) EventName() string { return "account.password_not_looked_up" }
