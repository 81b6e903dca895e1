// Package bench measures what the library costs: a session check beside a bare
// handler on scs, and a login beside its password hash. It also counts
// allocations in a test, so that they do not grow. docs/performance.md says how to
// run it, and what it showed.
package bench
