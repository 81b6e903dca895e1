package authn

import (
	"context"
	"encoding/json"
	"time"
)

// User is the part of an account that the library needs. The host may keep more;
// Record carries it.
type User struct {
	// ID is opaque, stable and never reused. On the wire a decimal number is a
	// JSON number, any other ID a string.
	ID string
	// Username is the name that the user chose, as typed, or that
	// account.Config.GenerateUsernames made. It may be empty.
	Username string
	// Display is the name that is shown to users. Empty: the username, or else
	// the email address.
	Display string
	// Disabled users cannot log in, and their sessions are treated as anonymous.
	Disabled bool
	// CreatedAt is when the user was created. It is zero if the store does not say.
	CreatedAt time.Time
	// Extra holds the custom sign-up fields. The stores of this module keep them;
	// a host with its own user table may leave them out.
	Extra map[string]json.RawMessage
	// Record is the host's own row. The library passes it on unchanged.
	Record any
}

// NewUser is the user that a sign-up is about to create. Addresses and username
// are validated and in their stored form.
type NewUser struct {
	Username string
	Email    string
	Phone    string
	Display  string
	// Extra holds the custom sign-up fields that the host configured.
	Extra map[string]json.RawMessage
}

// UserStore is the interface that a host with its own user table implements.
// Implementations must be safe for concurrent use.
type UserStore interface {
	// CreateUser stores a user and returns it with its ID; the other fields are
	// read by UserByID. It is called in a transaction of [Transactor]: a store in
	// the same database must join it, so that a sign-up stores everything or
	// nothing. If ctx is cancelled, nothing may be stored. It returns
	// [ErrConflict] if the username is taken.
	CreateUser(ctx context.Context, u NewUser) (*User, error)
	// UserByID returns the user, or [ErrNotFound].
	UserByID(ctx context.Context, id string) (*User, error)
}

// Transactor runs several store calls in one transaction, and serializes
// transactions that concern one user.
type Transactor interface {
	// InTx calls f with a context that carries a transaction. All methods of the
	// same store that are called with this context take part in it. InTx commits
	// if f returns nil. It rolls back if f returns an error, which InTx returns
	// unchanged, if f panics, or if ctx ends before f returns. A nested call
	// joins the outer transaction.
	//
	// A method that returns [ErrConflict] or [ErrNotFound] inside f changes
	// nothing, and the transaction stays usable. InTx returns [ErrCollision] if
	// the database rolled the transaction back because of a concurrent one; the
	// caller may call InTx again.
	InTx(ctx context.Context, f func(ctx context.Context) error) error
	// LockUser locks the user for the transaction that ctx carries, until it
	// ends. It waits for other transactions that hold the lock, and the
	// transaction then reads what they committed. A rule that counts or excludes
	// rows of one user therefore holds if every transaction that changes these
	// rows locks the user before it reads them.
	//
	// The lock is a row of the library that is created at its first use: the user
	// need not exist, and may be stored in another database. A transaction may
	// lock a user more than once. Outside of InTx, LockUser returns an error.
	LockUser(ctx context.Context, userID string) error
	// InSavepoint calls f as one step of the transaction that ctx carries: if f
	// returns an error, only what f did is rolled back, and the transaction goes
	// on. Outside of a transaction it is InTx.
	InSavepoint(ctx context.Context, f func(ctx context.Context) error) error
}
