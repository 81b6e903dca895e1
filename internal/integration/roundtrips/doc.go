// Package roundtrips counts in a test how often each operation asks the database,
// and holds the numbers against docs/performance.md.
package roundtrips
