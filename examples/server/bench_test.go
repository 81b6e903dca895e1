package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/smtpsink"
)

// BenchmarkParallelLogins sends 200 logins at the same time at the default cost
// of a hash, and reports the peak memory of the server (Linux only).
func BenchmarkParallelLogins(b *testing.B) {
	config := configFor(b, smtpsink.Start(b))
	delete(config, "password_hash")
	config["account"] = map[string]any{"email_verification": "none"}
	server := startServer(b, config)
	credentials := fmt.Sprintf(`{"email":"ann@example.org","password":%q}`, testPassword)
	if status := send(server, "auth/signup", credentials); status != http.StatusOK {
		b.Fatalf("sign-up: status %d", status)
	}
	for b.Loop() {
		var mu sync.Mutex
		statuses := map[int]int{}
		clienttest.Parallel(200, func(int) {
			status := send(server, "auth/login", credentials)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
		if statuses[http.StatusOK] == 0 || statuses[http.StatusOK]+statuses[http.StatusTooManyRequests] != 200 {
			b.Fatalf("statuses %v", statuses)
		}
		b.ReportMetric(float64(statuses[http.StatusOK]), "logins/op")
	}
	if peak, ok := peakMemory(server.command.Process.Pid); ok {
		b.ReportMetric(peak, "MiB-peak")
	}
}

func send(server *process, endpoint, body string) int {
	response, err := http.Post(server.url+"/_allauth/app/v1/"+endpoint, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		return 0
	}
	_ = response.Body.Close() // only the status counts
	return response.StatusCode
}

// peakMemory returns the peak resident memory of a process, in MiB.
func peakMemory(pid int) (float64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
			return kib / 1024, true
		}
	}
	return 0, false
}
