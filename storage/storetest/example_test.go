package storetest_test

import (
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/storetest"
)

// A whole store is checked in one line, and so is a single part. A host passes a
// function that opens its own store in place of memstore.New.
func Example() {
	_ = func(t *testing.T) {
		storetest.Run(t, func(*testing.T) storage.Store { return memstore.New() })
		storetest.Passwords(t, func(*testing.T) account.PasswordStore { return memstore.New() })
	}
	// Output:
}
