package authn

import (
	"context"
	"encoding/json"
)

// User is an account as the library sees it. The host may keep far more; what
// it keeps travels in Record.
type User struct {
	// ID is opaque, stable and never reused. A decimal number comes out as a
	// JSON number on the wire, anything else as a string.
	ID string
	// Username is the name the user chose, as typed. It may be empty.
	Username string
	// Display is what people see. Empty means the username, else the e-mail
	// address, is shown.
	Display string
	// Disabled users can not log in, and their sessions answer as anonymous.
	Disabled bool
	// Extra holds the custom sign-up fields. Stores of this module keep them; a
	// host with a table of its own may leave them out.
	Extra map[string]json.RawMessage
	// Record is the host's own row. The library never looks inside.
	Record any
}

// NewUser is what a sign-up knows of the user it is about to create. The
// addresses and the username are validated and in their stored form.
type NewUser struct {
	Username string
	Email    string
	Phone    string
	Display  string
	// Extra holds the custom sign-up fields that the host configured.
	Extra map[string]json.RawMessage
}

// UserStore is all that a host with its own user table has to implement.
// Implementations must be safe for concurrent use.
type UserStore interface {
	// CreateUser stores a user and returns it with its ID. It runs inside
	// [Transactor.InTx]: a store on the same database joins that transaction,
	// so that sign-up writes everything or nothing. ErrConflict if the
	// username is taken. A cancelled context leaves nothing behind.
	CreateUser(ctx context.Context, u NewUser) (*User, error)
	// UserByID returns the user, or ErrNotFound.
	UserByID(ctx context.Context, id string) (*User, error)
}

// Transactor runs several store calls as one, and one after another where they
// concern one user.
type Transactor interface {
	// InTx calls f with a context that carries a transaction. Every method of
	// the same store called with that context takes part in it. It commits if
	// f returns nil and undoes everything otherwise; f's error is returned as
	// it is. A nested call joins the outer transaction. ErrConflict and
	// ErrNotFound returned by a method inside f leave the transaction usable,
	// and the rows as they were. A context that ends before f returns, or a
	// panic of f, undoes everything as well. A database that undoes one of two
	// transactions because they wait for each other reports ErrCollision, and
	// f may be called again.
	InTx(ctx context.Context, f func(ctx context.Context) error) error
	// LockUser waits until no other transaction holds the lock of the user, and
	// holds it until the transaction that ctx carries ends. What the
	// transaction reads afterwards includes what earlier holders committed. So
	// rules that count or exclude rows of one user hold, if every transaction
	// that changes these rows locks the user before it reads them. The lock is a
	// row of the library, made at its first use: the user need not exist, and
	// may be kept in another database. Locking a user twice in one transaction
	// is allowed. An error outside of InTx.
	LockUser(ctx context.Context, userID string) error
	// InSavepoint is InTx for one step of a transaction: an error of f undoes
	// what f did and nothing else, and the transaction goes on. Outside of a
	// transaction it is InTx.
	InSavepoint(ctx context.Context, f func(ctx context.Context) error) error
}
