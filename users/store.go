package users

import (
	"context"
	"errors"
	"time"

	"github.com/allauth-go/allauth/authn"
)

var (
	// ErrUnsupported means that the store has no [Directory], because the host keeps
	// users in its own table. Set storage.Parts.Directory to list and change them.
	ErrUnsupported = errors.New("users: the store has no directory of users; set storage.Parts.Directory")
	// ErrInvalidID means that the store cannot keep a user with that ID.
	ErrInvalidID = errors.New("users: invalid id")
	// ErrNoEmail means that the user has no email address to send the mail to.
	ErrNoEmail = errors.New("users: the user has no email address")
	// ErrInvalidCursor means that a [Filter] has a Cursor that the store has not
	// returned for the same Prefix.
	ErrInvalidCursor = errors.New("users: invalid cursor")
)

// Directory lists and changes users. A store of this module is the directory of its
// own users. A host with its own user table may implement it, see
// storage.Parts.Directory. Implementations must be safe for concurrent use; each
// method takes part in the transactions of authn.Transactor.
type Directory interface {
	// ListUsers returns the IDs of users that match the filter, at most f.Limit, and
	// the cursor of the next page, empty if there is none. The order is that of the
	// store, and does not change between pages: a user who is there before the first
	// page and after the last one is on exactly one of them. The stores of this module
	// list the newest users first and, with a Prefix, order them by what matches. It
	// returns [ErrInvalidCursor] for a cursor of another store.
	ListUsers(ctx context.Context, f Filter) (ids []string, next string, err error)
	// CreateUserAs is authn.UserStore.CreateUser for a user with an ID of the
	// caller's choice. It returns [authn.ErrConflict] if the ID exists, and
	// [ErrInvalidID] if the store cannot keep it. The stores of this module keep
	// decimal numbers from 1 to 2^53-1.
	CreateUserAs(ctx context.Context, id string, u authn.NewUser) (*authn.User, error)
	// UpdateUser stores Username, Display, Disabled and Extra of the user with u.ID.
	// It returns [authn.ErrNotFound] if there is no such user. The library checks and
	// claims the username.
	UpdateUser(ctx context.Context, u authn.User) error
	// ReleaseUsernames ends all claims of account.UsernameStore.ClaimUsername of the
	// user. It is not an error if there are none.
	ReleaseUsernames(ctx context.Context, userID string) error
}

// MaxListed is the largest Limit of a [Filter].
const MaxListed = 500

// Filter selects users. The zero value selects all.
type Filter struct {
	// Prefix selects users whose username or one of whose email addresses begins with
	// it, in any case, or, if it is a plus sign followed by a digit, users whose phone
	// number does. Stores get it in the form of identifier.Username. Empty: all.
	Prefix string
	// Disabled selects users who are disabled, or who are not. Nil: both.
	Disabled *bool
	// Cursor is the Next of the previous page. Empty: the first page.
	Cursor string
	// Limit is the largest number of users on a page, at most [MaxListed]. Zero: 50.
	// Stores get a positive number.
	Limit int
}

// ByPhone reports whether Prefix is that of a phone number.
func (f Filter) ByPhone() bool {
	return len(f.Prefix) > 1 && f.Prefix[0] == '+' && f.Prefix[1] >= '0' && f.Prefix[1] <= '9'
}

// Deletion is the deletion of an account that its user has requested.
type Deletion struct {
	UserID string
	// RequestedAt is when the user requested it. The account is deleted from DueAt on.
	// Both are kept to the microsecond.
	RequestedAt, DueAt time.Time
}

// DeletionStore stores requested deletions. Implementations must be safe for
// concurrent use; each method is one atomic step.
type DeletionStore interface {
	// ScheduleDeletion stores d. It returns [authn.ErrConflict] if the user has
	// requested a deletion already: of any number of concurrent calls one succeeds.
	ScheduleDeletion(ctx context.Context, d Deletion) error
	// DeletionByUser returns the deletion of the user, or [authn.ErrNotFound].
	DeletionByUser(ctx context.Context, userID string) (*Deletion, error)
	// CancelDeletion deletes the row of the user. It returns [authn.ErrNotFound] if
	// there is none: of any number of concurrent calls one succeeds.
	CancelDeletion(ctx context.Context, userID string) error
	// DueDeletions returns at most limit deletions whose DueAt is not after now and
	// whose UserID is greater than after, ordered by UserID. IDs are compared as bytes.
	DueDeletions(ctx context.Context, now time.Time, after string, limit int) ([]Deletion, error)
}
