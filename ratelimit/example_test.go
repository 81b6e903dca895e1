package ratelimit_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/allauth-go/allauth/ratelimit"
)

// Two logins a minute are allowed for one email address.
func Example() {
	limits, err := ratelimit.Defaults(false).Override(map[string]string{ratelimit.ActionLogin: "2/m/key"})
	if err != nil {
		log.Fatal(err)
	}
	start := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	limiter := ratelimit.NewLimiter(ratelimit.NewMemoryStore(), limits, func() time.Time { return start }, rand.Reader, nil)
	for range 3 {
		_, err := limiter.Take(context.Background(), ratelimit.ActionLogin, ratelimit.Subject{Key: "ann@example.org"})
		var limited *ratelimit.LimitError
		if errors.As(err, &limited) {
			fmt.Println("wait", limited.RetryAfter)
			continue
		}
		fmt.Println("go on")
	}
	// Output:
	// go on
	// go on
	// wait 1m0s
}
