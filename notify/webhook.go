package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// DefaultTimeout is the default Timeout of [SMTP] and [Webhook].
const DefaultTimeout = 10 * time.Second

// webhookAnswerLimit is the number of bytes of a response that are read.
const webhookAnswerLimit = 64 << 10

// Webhook delivers text messages by HTTP requests to a gateway. It posts
//
//	{"to": "+31201234567", "kind": "verification_code", "text": "..."}
//
// with the message's ID in the header Idempotency-Key. Any 2xx status is success.
// The statuses 400, 413 and 422 are permanent errors; after any other status, and
// after a redirect, delivery is retried. It is safe for concurrent use.
type Webhook struct {
	// URL receives the requests. It must be https, or http on a loopback address,
	// because messages contain codes.
	URL string
	// InsecureAllowHTTP permits an http URL on another machine: an attacker who
	// can read the network traffic can read the codes.
	InsecureAllowHTTP bool
	// Client sends the requests. It does not follow redirects. Nil: a client with
	// the default transport.
	Client *http.Client
	// Header is added to each request, for example for authentication.
	Header http.Header
	// Timeout bounds one delivery. Zero: [DefaultTimeout].
	Timeout time.Duration
}

// Validate returns an error that names the first field that is wrong, and the
// fix.
func (w Webhook) Validate() error {
	u, err := url.Parse(w.URL)
	switch {
	case w.URL == "":
		return errors.New("notify: Webhook.URL is empty: set it to the address of your text message gateway")
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return errors.New("notify: Webhook.URL is not an absolute https URL: write it like https://gateway.example.com/send")
	case u.Scheme == "http" && !isLoopback(u.Hostname()) && !w.InsecureAllowHTTP:
		return errors.New("notify: Webhook.URL is not encrypted: use https, or set InsecureAllowHTTP if the network is trusted")
	case w.Timeout < 0:
		return errors.New("notify: Webhook.Timeout is negative: leave it zero for 10 seconds")
	}
	return nil
}

// Text posts m. It returns a [*DeliveryError], or an error of Validate.
func (w Webhook) Text(ctx context.Context, m TextMessage) error {
	if err := w.Validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeoutOr(w.Timeout))
	defer cancel()
	request, err := w.request(ctx, m)
	if err != nil {
		return err
	}
	response, err := w.client().Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) { // its text contains the URL, which may contain a key
			err = failed.Err
		}
		return &DeliveryError{Step: "webhook request", detail: describeNetworkError(err), cause: err}
	}
	defer func() { _ = response.Body.Close() }() // only the status counts
	// The response is read only to keep the connection.
	_, _ = io.CopyN(io.Discard, response.Body, webhookAnswerLimit)
	if response.StatusCode/100 == 2 {
		return nil
	}
	return &DeliveryError{
		Step: "webhook request",
		Code: response.StatusCode,
		permanent: slices.Contains([]int{
			http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
		}, response.StatusCode),
	}
}

func (w Webhook) request(ctx context.Context, m TextMessage) (*http.Request, error) {
	if hasControl(m.ID) {
		return nil, refuse("the ID holds a control character")
	}
	body, err := json.Marshal(map[string]string{"to": m.To, "kind": m.Kind, "text": m.Text})
	if err != nil {
		return nil, fmt.Errorf("notify: encode text message: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("notify: build request: %w", err)
	}
	for name, values := range w.Header {
		request.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", m.ID)
	return request, nil
}

// client returns the configured client without redirects: a redirect could send a
// code to another host.
func (w Webhook) client() *http.Client {
	client := http.Client{}
	if w.Client != nil {
		client = *w.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func timeoutOr(timeout time.Duration) time.Duration {
	if timeout == 0 {
		return DefaultTimeout
	}
	return timeout
}
