package headless

import (
	"bytes"
	_ "embed"
)

//go:embed openapi.json
var specification []byte

// Specification returns the OpenAPI document of every endpoint there can be.
// All tests hold the answers against it, see internal/integration/contract.
func Specification() []byte { return bytes.Clone(specification) }
