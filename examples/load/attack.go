package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// attack is a source that sends wrong passwords through many connections.
type attack struct {
	cancel  context.CancelFunc
	done    sync.WaitGroup
	answers atomic.Int64
}

func startAttack(ctx context.Context, url string, connections int) *attack {
	a := &attack{}
	ctx, a.cancel = context.WithCancel(ctx)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	for range connections {
		a.done.Go(func() {
			for ctx.Err() == nil {
				body := strings.NewReader(`{"email": "attacked@example.org", "password": "a wrong password"}`)
				if _, _, err := send(ctx, client, "POST", url+"/_allauth/app/v1/auth/login", "", body); err == nil {
					a.answers.Add(1)
				}
			}
		})
	}
	return a
}

// stop ends the attack and returns the number of answered requests.
func (a *attack) stop() int64 {
	a.cancel()
	a.done.Wait()
	return a.answers.Load()
}
