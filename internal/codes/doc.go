// Package codes issues one-time secrets, counts the attempts at them, and
// consumes them once.
package codes
