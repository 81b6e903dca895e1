package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/teststore" // what servers of tests run on
)

func init() { clienttest.Around = around }

const basePath = "/_allauth"

// around fails the test if a response of the API is not as described.
func around(t testing.TB, s *clienttest.Server, next http.Handler) http.Handler {
	document, err := published()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, url := r.Method, r.URL.Path // the handler may change its request
		answer := &recorder{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		base := s.Config.Headless.BasePath
		if base == "" {
			base = basePath
		}
		path, ok := strings.CutPrefix(url, base)
		if !ok || method == http.MethodOptions || strings.HasPrefix(path, "/openapi.") {
			return // not ours, or what no document describes
		}
		if err := document.check(method, basePath+path, answer, s.OwnProblems); err != nil {
			t.Errorf("%s %s: the answer is not as headless/openapi.json describes it: %v\n%s", method, url, err, answer.body.String())
		}
	})
}

// recorder records a response while it is written.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(text []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.body.Write(text)
	return r.ResponseWriter.Write(text)
}

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// checkRefusal checks responses of endpoints that are turned off.
func (r *recorder) checkRefusal(method string) error {
	var body struct{ Status int }
	if err := json.Unmarshal(r.body.Bytes(), &body); err != nil && method != http.MethodHead {
		return err
	}
	if r.status < http.StatusBadRequest || body.Status != r.status && method != http.MethodHead {
		return fmt.Errorf("status %d, which is not described", r.status)
	}
	return nil
}
