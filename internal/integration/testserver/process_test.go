package testserver_test

import (
	"testing"

	"github.com/allauth-go/allauth/internal/integration/testserver"
)

// A server can be killed and started again.
func TestAProcessStartsAgain(t *testing.T) {
	for _, start := range []func(t testing.TB) *testserver.Process{testserver.OwnRedis, testserver.OwnPostgres} {
		if process := start(t); process != nil {
			for range 2 {
				process.Kill()
				process.Start()
			}
		}
	}
}
