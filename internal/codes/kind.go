package codes

import (
	"context"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
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
	// User returns the user who receives a code, nil for the empty id of a decoy after the
	// same work.
	User func(ctx context.Context, userID string) (*authn.User, error)
}
