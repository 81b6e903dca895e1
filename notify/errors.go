package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// ErrPermanent means that trying again is pointless, for example because the
// address does not exist. Senders wrap it: test with errors.Is.
var ErrPermanent = errors.New("notify: permanently refused")

// DeliveryError says at which step a delivery failed. Its text can be logged: it
// never contains the response of the server, which may contain the recipient's
// address. errors.Is finds [ErrPermanent] and the cause.
type DeliveryError struct {
	// Step is the step that failed, such as "connect" or "recipient".
	Step string
	// Code is the status of the server's response, 0 without a response.
	Code int
	// EnhancedCode is the enhanced SMTP status (RFC 3463), such as "5.1.1". It
	// may be empty.
	EnhancedCode string

	permanent bool
	detail    string
	cause     error
}

// Error implements error.
func (e *DeliveryError) Error() string {
	var b strings.Builder
	b.WriteString("notify: " + e.Step + " failed")
	if e.Code != 0 {
		fmt.Fprintf(&b, ": status %d", e.Code)
	}
	if e.EnhancedCode != "" {
		b.WriteString(" " + e.EnhancedCode)
	}
	if e.detail != "" {
		b.WriteString(": " + e.detail)
	}
	return b.String()
}

// Is reports whether target is ErrPermanent and the failure is permanent.
func (e *DeliveryError) Is(target error) bool {
	return target == ErrPermanent && e.permanent
}

// Unwrap returns the cause. Its text may contain an address.
func (e *DeliveryError) Unwrap() error { return e.cause }

// refuse returns the error for a message that every server would refuse.
func refuse(problem string) error {
	return &DeliveryError{Step: "check", permanent: true, detail: problem}
}

// describeNetworkError describes a network error without addresses.
func describeNetworkError(err error) string {
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timed out"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		return operation.Error()
	}
	return ""
}
