package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// pause is how long the user waits between two requests.
const pause = 20 * time.Millisecond

// user is logged in, with a connection of its own.
type user struct {
	client     *http.Client
	url, token string
}

func signUp(ctx context.Context, url string) (*user, error) {
	u := &user{client: &http.Client{Transport: &http.Transport{}}, url: url + "/_allauth/app/v1/auth/session"}
	body := fmt.Sprintf(`{"email": "user-%s@example.org", "password": "a long walk in the rain"}`, strings.ToLower(rand.Text()))
	status, text, err := send(ctx, u.client, "POST", url+"/_allauth/app/v1/auth/signup", "", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Meta struct {
			SessionToken string `json:"session_token"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || status != 200 {
		return nil, fmt.Errorf("sign-up is answered with %d: %s", status, text)
	}
	u.token = answer.Meta.SessionToken
	return u, nil
}

// measure returns how long each request took within the phase.
func (u *user) measure(ctx context.Context, phase time.Duration) ([]time.Duration, error) {
	var times []time.Duration
	for end := time.Now().Add(phase); time.Now().Before(end); time.Sleep(pause) {
		begin := time.Now()
		status, text, err := send(ctx, u.client, "GET", u.url, u.token, nil)
		if err != nil {
			return nil, err
		}
		if status != 200 {
			return nil, fmt.Errorf("the user's session is answered with %d: %s", status, text)
		}
		times = append(times, time.Since(begin))
	}
	return times, nil
}
