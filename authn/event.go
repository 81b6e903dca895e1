package authn

// Event is something that happened and is committed. Each room defines its own
// event types; a handler tells them apart with a type switch.
type Event interface {
	// EventName is a stable name such as "account.user_signed_up", for logs.
	EventName() string
}
