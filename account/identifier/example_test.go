package identifier_test

import (
	"fmt"

	"github.com/allauth-go/allauth/account/identifier"
)

// Addresses are compared in one form, so an import converts them.
func ExampleEmail() {
	fmt.Println(identifier.Email("Ann@Example.org"))
	fmt.Println(identifier.Email("ann@bücher.example"))
	fmt.Println(identifier.Email("ann"))
	// Output:
	// ann@example.org true
	// ann@xn--bcher-kva.example true
	//  false
}

// Accounts of another system may have addresses that sign-ups refuse.
func ExampleKnownEmail() {
	fmt.Println(identifier.KnownEmail("Jürgen@Example.org"))
	fmt.Println(identifier.KnownEmail("a..b.@example.org"))
	fmt.Println(identifier.KnownEmail("<ann>@example.org"))
	// Output:
	// jürgen@example.org true
	// a..b.@example.org true
	//  false
}
