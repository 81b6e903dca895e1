package bench_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// BenchmarkLogin is a login by password of an app, with the default rate limits,
// beside the hash in it. Both are timed in turn, and the medians reported. Each
// login is of one of many users, so that a user has few sessions, and comes from
// an address of its own.
func BenchmarkLogin(b *testing.B) {
	for _, backend := range backends {
		b.Run(backend.name, func(b *testing.B) {
			store, _ := backend.open(b)
			auth := newAuth(b, store, nil)
			var requests []func() *http.Request
			for i := range 200 {
				requests = append(requests, loginRequest(b, auth, clienttest.App, addUser(b, auth, fmt.Sprintf("user%d", i))))
			}
			login := func(i int) {
				r := requests[i%len(requests)]()
				r.RemoteAddr = address(i)
				w := &discard{header: http.Header{}}
				auth.ServeHTTP(w, r)
				if err := expectOK(w.status); err != nil {
					b.Fatal(err)
				}
			}
			login(0) // prepares the statements
			var logins, hashes []time.Duration
			for i := 1; b.Loop(); i++ {
				begin := time.Now()
				login(i)
				between := time.Now()
				hash()
				logins, hashes = append(logins, between.Sub(begin)), append(hashes, time.Since(between))
			}
			b.ReportMetric(0, "ns/op") // both together say nothing
			whole, part := quantile(logins, 0.5).Seconds()*1e6, quantile(hashes, 0.5).Seconds()*1e6
			b.ReportMetric(whole, "login-µs")
			b.ReportMetric(part, "hash-µs")
			b.ReportMetric(whole-part, "rest-µs")
		})
	}
}

// hash is the hash of a login, see newAuth.
func hash() {
	p := clienttest.Cheap().Argon2id
	argon2.IDKey([]byte(clienttest.Password), []byte("0123456789abcdef"), p.Iterations, p.MemoryKiB, p.Parallelism, 32)
}

// address returns the address of a client.
func address(i int) string { return fmt.Sprintf("10.%d.%d.%d:1234", i>>16&255, i>>8&255, i&255) }
