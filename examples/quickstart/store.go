package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	_ "modernc.org/sqlite"

	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// secretSize is the size of the secret that signs and encrypts, in bytes.
const secretSize = 32

// open opens the SQLite file, and the secret beside it that must stay the same
// as long as the file is used. Without a file everything is in memory.
func open(ctx context.Context, file string) (storage.Store, []byte, error) {
	if file == "" {
		secret, err := newSecret()
		return memstore.New(), secret, err
	}
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(file))
	if err != nil {
		return nil, nil, err
	}
	store := sqlstore.New(db, sqlstore.SQLite)
	if err := store.Migrate(ctx); err != nil {
		return nil, nil, err
	}
	secret, err := keptSecret(file + ".secret")
	return store, secret, err
}

func newSecret() ([]byte, error) {
	secret := make([]byte, secretSize)
	_, err := rand.Read(secret)
	return secret, err
}

func keptSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if secret, err = newSecret(); err != nil {
			return nil, err
		}
		return secret, os.WriteFile(path, secret, 0o600)
	}
	if err == nil && len(secret) < secretSize {
		err = fmt.Errorf("%s has %d bytes; delete it to have a new one made", path, len(secret))
	}
	return secret, err
}
