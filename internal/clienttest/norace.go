//go:build !race

package clienttest

// Raced is true if the race detector watches, which takes ten times as long.
const Raced = false
