//go:build race

package bench_test

// The race detector lets pools forget what they hold, so that more is allocated.
func init() { raced = true }
