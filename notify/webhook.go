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

// DefaultTimeout bounds one delivery by [SMTP] or [Webhook] that sets no
// Timeout.
const DefaultTimeout = 10 * time.Second

// webhookAnswerLimit bounds how much of an answer is read, in bytes.
const webhookAnswerLimit = 64 << 10

// Webhook delivers text messages by an HTTP request to a gateway. It posts
//
//	{"to": "+31201234567", "kind": "verification_code", "text": "..."}
//
// with the message's ID in the header Idempotency-Key. Any 2xx status is
// success. The statuses 400, 413 and 422 refuse the message for good; after any
// other, and after a redirect, it is tried again. Safe for concurrent use.
type Webhook struct {
	// URL receives the requests. It must be https, or http on a loopback
	// address, because messages hold codes.
	URL string
	// InsecureAllowHTTP permits a plain http URL on another machine: whoever
	// can watch the network reads the codes.
	InsecureAllowHTTP bool
	// Client sends the requests. Nil: a client with the default transport. It
	// is used without following redirects.
	Client *http.Client
	// Header is added to each request, for example to authenticate.
	Header http.Header
	// Timeout bounds one delivery. Zero: [DefaultTimeout].
	Timeout time.Duration
}

// Validate reports the first field that is wrong, and how to mend it.
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

// Text posts m. Its errors are [*DeliveryError] or those of Validate.
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
		if errors.As(err, &failed) { // its text holds the URL, which may hold a key
			err = failed.Err
		}
		return &DeliveryError{Step: "webhook request", detail: briefly(err), cause: err}
	}
	defer func() { _ = response.Body.Close() }() // the status says all
	// The answer says nothing we need: it is read to keep the connection.
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

// client is the configured client, except that it stays at the URL: a redirect
// could carry a code to another host.
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
