package users

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Config configures how users are deleted, and what they can do so themselves. The zero
// value lets only the host delete users and export their data.
type Config struct {
	// BeforeDelete is called before a user is deleted, by the host or after a request of
	// the user, to delete or keep what the host stores of them. It is called in the
	// transaction that deletes the user, so it must be quick; what it does with the
	// context, see sqlstore.Conn, is part of the transaction. After an error nothing is
	// deleted: a deletion that the user has requested is tried again at the next pass
	// of Auth.Clean, and Users.Delete returns the error. It is called again if the
	// transaction collides with another one.
	BeforeDelete func(ctx context.Context, u *authn.User) error
	// DeletionEnabled lets users request the deletion of their account, and cancel it:
	// POST, GET and DELETE account/deletion.
	DeletionEnabled bool
	// DeletionGrace is how long after the request an account is deleted. Zero: 14 days.
	DeletionGrace time.Duration
	// ExportEnabled lets users export their data: GET account/export.
	ExportEnabled bool
}
