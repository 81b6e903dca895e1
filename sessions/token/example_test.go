package token_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/tokens"
	"github.com/allauth-go/allauth/sessions/token"
)

// Apps get access tokens that other services verify with the published key.
func Example() {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		log.Fatal(err)
	}
	// The output of `openssl genpkey -algorithm ed25519`.
	key, err := token.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		log.Fatal(err)
	}
	config := allauth.Config{
		Tokens: &token.Config{Keys: []token.Key{key}, Audience: "https://api.example.com"},
	}
	fmt.Println(tokens.Validate(tokens.WithDefaults(*config.Tokens)))
	// Output: <nil>
}
