package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/integration/testserver"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	if os.Getenv("ALLAUTH_TEST_POSTGRES") == "" {
		t.Skip("ALLAUTH_TEST_POSTGRES is not set")
	}
	var output strings.Builder
	o := options{postgres: testserver.Postgres(t), connections: 20, pool: 5, phase: 200 * time.Millisecond}
	if err := run(t.Context(), o, &output); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"quiet server", "under load", "20 connections were answered"} {
		if !strings.Contains(output.String(), line) {
			t.Errorf("%q is missing in:\n%s", line, output.String())
		}
	}
}
