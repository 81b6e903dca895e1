// Package timing compares the work that the server does for clients that ask
// about accounts: known and unknown ones, taken and free addresses. Each pair of
// requests runs the same statements, writes as many rows and queues as many
// messages, which TestPairsDoTheSameWork asserts. The clock times of the same
// pairs are measured on request, over loopback, and compared by the Mann-Whitney
// U test:
//
//	ALLAUTH_TIMING=200 go test -run TestTimes -timeout 60m ./internal/integration/timing
//
// prints a table. ALLAUTH_TIMING is how many pairs
// of requests are measured in each mode, on SQLite and on the servers that the
// environment names for tests, see package testserver.
package timing
