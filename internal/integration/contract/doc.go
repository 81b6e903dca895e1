// Package contract validates every response in our tests against the OpenAPI
// document, and fails the test that got one which is not described. Tests turn it
// on for their package:
//
//	import _ "github.com/allauth-go/allauth/internal/integration/contract"
//
// The import also gives clienttest.Start the stores of package teststore.
package contract
