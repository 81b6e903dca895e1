// Package storage declares what the library stores. [Store] is the sum of the
// store interfaces of the other packages. memstore and sqlstore implement it, and
// storetest checks any implementation.
//
// A host with its own user table keeps everything else in one of these stores:
//
//	store := storage.Compose(sqlstore.New(db, sqlstore.Postgres), storage.Parts{Users: myUsers{db}})
package storage
