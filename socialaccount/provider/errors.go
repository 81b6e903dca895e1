package provider

import "errors"

var (
	// ErrCancelled means that the user declined at the provider.
	ErrCancelled = errors.New("provider: cancelled by the user")
	// ErrInvalid means that an answer or a token does not prove who the user
	// is.
	ErrInvalid = errors.New("provider: not valid")
	// ErrTokenMissing means that no token was given that can be verified.
	ErrTokenMissing = errors.New("provider: no token to verify")
	// ErrTokenUnsupported means that the provider has no token flow, or that its
	// tokens cannot be renewed.
	ErrTokenUnsupported = errors.New("provider: tokens are not supported")
	// ErrUnavailable means that the provider does not answer, or not in time.
	ErrUnavailable = errors.New("provider: not available")
	// ErrUnknownClass means that the catalogue has no such provider.
	ErrUnknownClass = errors.New("provider: not in the catalogue")
)
