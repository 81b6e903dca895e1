package authn

// Event describes something that happened and is committed. Each package defines
// its own event types; handlers tell them apart with a type switch.
type Event interface {
	// EventName returns a stable name for logs, such as "account.user_signed_up".
	EventName() string
}
