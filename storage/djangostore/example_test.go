package djangostore_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/allauth-go/allauth/storage/djangostore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// The store is opened on the database of the site, whose user model has a UUID and no
// username. The program imports the driver.
func Example() {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("db.sqlite3"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store, err := djangostore.New(db, sqlstore.SQLite, djangostore.Config{
		Secrets: [][]byte{bytes.Repeat([]byte("s"), 32)},
		Users:   djangostore.UserModel{Table: "people_person", Key: djangostore.UUID, Username: djangostore.None},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// Security keys that are added meanwhile get the handles of django-allauth.
func ExampleStore_UserHandle() {
	store, err := djangostore.New(nil, sqlstore.Postgres, djangostore.Config{Secrets: [][]byte{bytes.Repeat([]byte("s"), 32)}})
	if err != nil {
		log.Fatal(err)
	}
	handle, err := store.UserHandle(context.Background(), "1234567")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(handle))
	// Output: qglj
}
