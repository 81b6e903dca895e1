package headless

import (
	"bytes"
	_ "embed"
)

//go:embed openapi.json
var specification []byte

// Specification returns the OpenAPI document of all endpoints, whether or not
// they are turned on. The tests validate every response against it.
func Specification() []byte { return bytes.Clone(specification) }
