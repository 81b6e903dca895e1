package main

import (
	"context"

	"github.com/allauth-go/allauth/cmd/allauth/connect"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// openStore opens the database with this URL, and creates its tables.
func openStore(ctx context.Context, address string) (storage.Store, func(), error) {
	if address == "memory://" {
		return memstore.New(), func() {}, nil
	}
	store, closeStore, err := connect.SQL(address)
	if err != nil {
		return nil, nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		closeStore()
		return nil, nil, err
	}
	return store, closeStore, nil
}
