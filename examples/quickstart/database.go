package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// secretSize is the size of the secret that signs and encrypts, in bytes.
const secretSize = 32

// database is the store, and the secret that must not change while the store is
// used.
type database struct {
	storage.Store
	secret []byte
	close  func() error
}

// open opens the SQLite file, and the secret beside it. Without a file everything
// is kept in memory.
func open(ctx context.Context, file string) (*database, error) {
	if file == "" {
		secret, err := newSecret()
		return &database{memstore.New(), secret, func() error { return nil }}, err
	}
	secret, err := keptSecret(file + ".secret")
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(file))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	store := sqlstore.New(db, sqlstore.SQLite)
	if err := store.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &database{store, secret, db.Close}, nil
}

func newSecret() ([]byte, error) {
	secret := make([]byte, secretSize)
	_, err := rand.Read(secret)
	return secret, err
}

// keptSecret reads the secret from the file, which only its owner can read. It
// creates the file at the first start.
func keptSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if secret, err = newSecret(); err != nil {
			return nil, err
		}
		return secret, os.WriteFile(path, secret, 0o600)
	case err == nil && len(secret) < secretSize:
		return nil, fmt.Errorf("%s has %d bytes; delete it, and a new one is created", path, len(secret))
	}
	return secret, err
}
