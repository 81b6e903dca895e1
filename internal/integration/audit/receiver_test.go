package audit_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The secrets of the webhooks, an old one and its successor.
const (
	oldSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	newSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

// delivery is a request that a receiver got.
type delivery struct {
	id, timestamp string
	header        http.Header
	body          []byte
}

func (d delivery) name() string {
	var event struct{ Type string }
	_ = json.Unmarshal(d.body, &event) // an unreadable body has no name
	return event.Type
}

// receiver is a host's server that receives events.
type receiver struct {
	*httptest.Server
	arrived chan delivery

	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request) // nil: status 204
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{arrived: make(chan delivery, 1000)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	r.arrived <- delivery{request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp"), request.Header, body}
	r.mu.Lock()
	answer := r.answer
	r.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, request)
}

// answers sets what the receiver does from now on.
func (r *receiver) answers(f func(w http.ResponseWriter, r *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func status(code int) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// next returns the next delivery.
func (r *receiver) next(t *testing.T) delivery {
	t.Helper()
	select {
	case d := <-r.arrived:
		return d
	case <-time.After(30 * time.Second):
		t.Fatal("nothing arrives")
		return delivery{}
	}
}

// take returns n deliveries by their ids.
func (r *receiver) take(t *testing.T, n int) map[string]delivery {
	t.Helper()
	byID := map[string]delivery{}
	for len(byID) < n {
		d := r.next(t)
		byID[d.id] = d
	}
	return byID
}

// verify reports whether the published library accepts a delivery by the secret.
func (d delivery) verify(t *testing.T, secret string) bool {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return hook.Verify(d.body, d.header) == nil
}

// verifyAtAnyTime is verify for a server whose clock is another one.
func (d delivery) verifyAtAnyTime(t *testing.T, secret string) bool {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return hook.VerifyIgnoringTimestamp(d.body, d.header) == nil
}
