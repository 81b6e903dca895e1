package password_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/allauth-go/allauth/account/password"
)

// A hash of another system is verified, and due for an upgrade.
func Example() {
	ctx := context.Background()
	hasher, err := password.NewHasher(password.Config{})
	if err != nil {
		log.Fatal(err)
	}
	stored := "$2a$04$6dkaKC7m8Q.AY2IvqzRpievzhGtV2sBpK0Hnb7XXn98KngScSVT52"
	ok, upgrade, err := hasher.Verify(ctx, "correct horse", stored)
	fmt.Println(ok, upgrade, err)
	if upgrade {
		if stored, err = hasher.Hash(ctx, "correct horse"); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(strings.HasPrefix(stored, "$argon2id$"))
	// Output:
	// true true <nil>
	// true
}
