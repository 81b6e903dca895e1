// Package storage declares what the library keeps. [Store] is the sum of the
// interfaces that its rooms declare; memstore and sqlstore implement it, and
// storetest checks any implementation against it.
//
// A host with its own user table keeps everything else in one of ours:
//
//	store := storage.Compose(sqlstore.New(db, sqlstore.Postgres), storage.Parts{Users: myUsers{db}})
package storage
