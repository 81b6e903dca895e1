package djangostore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/sqlstore"
	"github.com/allauth-go/allauth/users"
)

// Store is a storage.Store on Django's tables. It is safe for concurrent use, also by
// several processes with one database, and beside Django.
type Store struct {
	*sqlstore.Store // what Django has no place for
	db              *sql.DB
	postgres        bool
	cfg             Config
	keys            *keyring.Keyring

	// lastID is the last id of a user that was handed out, see nextID.
	lastID atomic.Int64

	queries sync.Map // query in this package -> query for the database

	reading sync.Mutex
	// tables is what Migrate, or else the first use, found in the database.
	tables *tables
}

var _ storage.Store = (*Store)(nil)

// New returns a Store on the database of a Django site. dialect is sqlstore.SQLite or
// sqlstore.Postgres: in MySQL, which has no partial unique indexes, an address could get
// two owners beside Django. [Store.Migrate] creates the tables beside. The error names
// the field that is wrong, and the fix.
func New(db *sql.DB, dialect sqlstore.Dialect, cfg Config) (*Store, error) {
	if dialect != sqlstore.SQLite && dialect != sqlstore.Postgres {
		return nil, errors.New("djangostore: the dialect is not supported; use sqlstore.SQLite or sqlstore.Postgres, or import the users into sqlstore")
	}
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("djangostore: %w", err)
	}
	keys, err := keyring.New(cfg.Secrets, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("djangostore: %w", err)
	}
	return &Store{
		Store: sqlstore.New(db, dialect, sqlstore.TablePrefix(cfg.TablePrefix)),
		db:    db, postgres: dialect == sqlstore.Postgres, cfg: cfg, keys: keys,
	}, nil
}

// Base implements storage.Store. Decoys are stored in the tables beside those of Django.
func (s *Store) Base() storage.Store { return s.Store }

// ProfileOrigin implements account.Store: the parts of a profile are read on their own.
func (s *Store) ProfileOrigin() any { return nil }

// Directory implements storage.Store. Django's own administration lists and changes the
// users.
func (s *Store) Directory() users.Directory { return nil }

// maxTries is how often a step is tried if it collides with others.
const maxTries = 10

// atomically runs several statements as one step: after an error all of them are undone,
// also in a transaction that continues. Outside of a transaction the step is tried again
// after a collision with another one.
func (s *Store) atomically(ctx context.Context, f func(ctx context.Context) error) error {
	for try := 1; ; try++ {
		err := s.InSavepoint(ctx, f)
		if try == maxTries || s.inTx(ctx) || !errors.Is(err, authn.ErrCollision) || ctx.Err() != nil {
			return err
		}
	}
}

// inTx reports whether ctx carries a transaction of the database.
func (s *Store) inTx(ctx context.Context) bool {
	_, ok := sqlstore.Conn(ctx, s.db).(*sql.Tx)
	return ok
}
