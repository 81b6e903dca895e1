package webauthn_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/allauth-go/allauth/mfa/webauthn"
)

// A relying party is a domain and the origins whose pages may use its keys.
func Example() {
	party, err := webauthn.New(webauthn.Config{RPID: "example.com", RPName: "Example", Origins: []string{"https://www.example.com"}})
	fmt.Println(party != nil, err)
	_, err = webauthn.ParseAssertion([]byte(`{"id": "no answer of a key"}`))
	if !errors.Is(err, webauthn.ErrRejected) {
		log.Fatal(err)
	}
	_, err = webauthn.New(webauthn.Config{RPID: "example.com", Origins: []string{"https://example.org"}})
	fmt.Println(err != nil)
	// Output:
	// true <nil>
	// true
}
