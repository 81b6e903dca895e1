package session

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/allauth-go/allauth/sessions"
)

// rowStore implements scs.CtxStore with the rows of sessions.Store. A write updates
// only the row from which the session was loaded, so that scs does not store a session
// again that another request has ended.
type rowStore struct {
	rows     sessions.Store
	external scs.CtxStore // nil: the data is in the row
}

var _ scs.CtxStore = rowStore{}

// loading passes rows from the manager to rowStore, through scs, whose interface has
// only tokens and data.
type loading struct {
	found  *sessions.Row // the row from which the session is loaded
	loaded bool          // the data of found was read
	write  *sessions.Row // the row to store
	fresh  bool          // write has a new token
	// old is the row of the replaced token, nil if there is none.
	old *sessions.Row
}

type loadingKey struct{}

func loadingFrom(ctx context.Context) *loading {
	l, _ := ctx.Value(loadingKey{}).(*loading)
	return l
}

// FindCtx returns the data of the row that the manager has looked up.
func (s rowStore) FindCtx(ctx context.Context, tokenHash string) ([]byte, bool, error) {
	l := loadingFrom(ctx)
	data, found, err := l.found.Data, true, error(nil)
	if s.external != nil {
		data, found, err = s.external.FindCtx(ctx, tokenHash)
	}
	l.loaded = found && err == nil
	return data, found, err
}

// CommitCtx stores the row with its data.
func (s rowStore) CommitCtx(ctx context.Context, tokenHash string, data []byte, expiry time.Time) error {
	l := loadingFrom(ctx)
	row := l.write
	row.TokenHash = tokenHash
	if s.external == nil {
		row.Data = data
	}
	if err := s.writeRow(ctx, l); err != nil {
		return err
	}
	if s.external != nil {
		return s.external.CommitCtx(ctx, tokenHash, data, expiry)
	}
	return nil
}

func (s rowStore) writeRow(ctx context.Context, l *loading) error {
	switch {
	case !l.fresh:
		return s.rows.SaveSession(ctx, *l.write, l.found.Data)
	case l.old != nil:
		return s.rows.RenewSession(ctx, *l.write, *l.old, l.found.Data)
	default:
		return s.rows.CreateSession(ctx, *l.write)
	}
}

// DeleteCtx removes the data. The row is deleted by id, or renewed.
func (s rowStore) DeleteCtx(ctx context.Context, tokenHash string) error {
	if s.external == nil {
		return nil
	}
	return s.external.DeleteCtx(ctx, tokenHash)
}

// The methods without a context are never called: scs prefers the ones above.

var errNeedsContext = errors.New("sessions: the row store needs a context")

func (rowStore) Find(string) ([]byte, bool, error)      { return nil, false, errNeedsContext }
func (rowStore) Commit(string, []byte, time.Time) error { return errNeedsContext }
func (rowStore) Delete(string) error                    { return errNeedsContext }
