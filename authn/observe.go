package authn

import "context"

// The kinds of operations.
const (
	// OperationEndpoint is a request to the API, such as "POST auth/login": the method
	// and the path below the version, never one with a value of a client in it. It
	// ends with the status.
	OperationEndpoint = "endpoint"
	// OperationHash is a password hash, with the wait for other hashes: "hash" of a
	// new password, "verify" or "upgrade". It ends with "busy" if too many wait.
	OperationHash = "hash"
	// OperationLimit is a refused rate limit, named after its action. It ends at
	// once.
	OperationLimit = "limit"
	// OperationMessage is the delivery of a mail or text message, named after its
	// kind. It ends with "refused" if it will not be tried again.
	OperationMessage = "message"
	// OperationStatement is a statement of sqlstore, named after what it does, such
	// as "load session".
	OperationStatement = "statement"
)

// Operation is something that the library does. It holds neither secrets nor
// personal data, and there are few names of each kind.
type Operation struct {
	Kind string
	Name string
	// Client is the kind of client of an endpoint, "app" or "browser".
	Client string
}

// Observer measures operations, for metrics and traces. Implementations must be safe
// for concurrent use, fast, and must not panic. Module allauthotel has one for
// OpenTelemetry.
type Observer interface {
	// Begin is called when an operation begins. It returns the context of the
	// operation, and a function that is called once when it has ended: with an empty
	// text, "error", "cancelled", or what the kind says.
	Begin(ctx context.Context, op Operation) (context.Context, func(outcome string))
}
