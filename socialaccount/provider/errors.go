package provider

import "errors"

var (
	// ErrCancelled means that the user declined at the provider.
	ErrCancelled = errors.New("provider: cancelled by the user")
	// ErrInvalid means that a response or a token does not authenticate the user.
	ErrInvalid = errors.New("provider: not valid")
	// ErrTokenMissing means that the client sent no token that the provider can
	// verify.
	ErrTokenMissing = errors.New("provider: no token to verify")
	// ErrTokenUnsupported means that the provider has no token flow, or that its
	// tokens cannot be refreshed.
	ErrTokenUnsupported = errors.New("provider: tokens are not supported")
	// ErrUnavailable means that the provider does not answer, or not in time.
	ErrUnavailable = errors.New("provider: not available")
	// ErrUnknownClass means that the catalogue has no such provider.
	ErrUnknownClass = errors.New("provider: not in the catalogue")
)
