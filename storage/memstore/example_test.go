package memstore_test

import (
	"context"
	"fmt"
	"os"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// A demo needs no database.
func Example() {
	auth, err := allauth.New(allauth.Config{
		BaseURL: "http://localhost:8080",
		Secrets: [][]byte{make([]byte, 32)}, // for a demo only
		Mailer:  &notify.Log{Writer: os.Stdout},
	}, memstore.New())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(auth, auth.Close(context.Background()))
	// Output: allauth at http://localhost:8080 <nil>
}
