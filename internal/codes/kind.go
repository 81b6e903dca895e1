package codes

import (
	"context"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/account"
)

// Kind describes the codes of one purpose, which are mailed or texted to users, who
// type them in.
type Kind struct {
	// Purpose is stored with each code.
	Purpose string
	// Param is the field in which a client sends the code.
	Param string
	// Mail or Text is the kind of the message with the code.
	Mail, Text string
	account.CodeConfig
	// Charge counts a message to the contact, before a code is sent again. Nil: such
	// messages are not limited.
	Charge func(ctx context.Context, contact string) error
	// Taken reports whether another user has verified the contact, to which the code is
	// then not sent again. Nil: codes do not verify contacts.
	Taken func(ctx context.Context, userID, contact string) (bool, error)
}

// InWords returns a duration in words.
func InWords(d time.Duration) string {
	count, unit := int(d.Round(time.Minute)/time.Minute), "minute"
	switch {
	case count >= 48*60:
		count, unit = count/(24*60), "day"
	case count >= 120:
		count, unit = count/60, "hour"
	case count == 0:
		count = 1
	}
	if count != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", count, unit)
}
