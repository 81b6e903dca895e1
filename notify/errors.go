package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// ErrPermanent marks a refusal that trying again cannot mend, such as an
// address that does not exist. Senders wrap it; test with errors.Is.
var ErrPermanent = errors.New("notify: refused for good")

// DeliveryError says at which step a delivery failed. Its text is fit for logs:
// it never repeats what a server answered, because that may hold the
// recipient's address. errors.Is finds [ErrPermanent] and the cause.
type DeliveryError struct {
	// Step is what was being done, such as "connect" or "recipient".
	Step string
	// Code is the status that the server answered, 0 if it did not.
	Code int
	// EnhancedCode is the finer SMTP status (RFC 3463), such as "5.1.1". It may
	// be empty.
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

// Is reports whether target is ErrPermanent and the refusal is for good.
func (e *DeliveryError) Is(target error) bool {
	return target == ErrPermanent && e.permanent
}

// Unwrap returns the cause. Unlike Error, its text may hold an address.
func (e *DeliveryError) Unwrap() error { return e.cause }

// refuse is the error for a message that no server would take.
func refuse(problem string) error {
	return &DeliveryError{Step: "check", permanent: true, detail: problem}
}

// briefly describes an error of the network without quoting anybody.
func briefly(err error) string {
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
