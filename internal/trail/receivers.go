package trail

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/outbox"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/notify"
)

const (
	// deliverFor is how long it is tried to deliver an event.
	deliverFor = 72 * time.Hour
	// answerLimit is how many bytes of a response are read, to keep the connection.
	answerLimit = 16 << 10
	// secretPrefix precedes a secret in base64.
	secretPrefix = "whsec_"
	// Standard Webhooks: the number of bytes of a secret.
	minSecret, maxSecret = 24, 64
)

// Receivers implements outbox.Poster for the webhooks of a configuration. It is safe for
// concurrent use.
type Receivers struct {
	now  func() time.Time
	list []receiver
}

type receiver struct {
	audit.Webhook
	keys   [][]byte
	client http.Client
}

// NewReceivers returns the receivers of a valid configuration.
func NewReceivers(hooks []audit.Webhook, now func() time.Time) *Receivers {
	r := &Receivers{now: now}
	for _, hook := range hooks {
		to := receiver{Webhook: hook}
		for _, secret := range hook.Secrets {
			key, _ := keyOf(secret) // it is valid
			to.keys = append(to.keys, key)
		}
		if hook.Client != nil {
			to.client = *hook.Client
		}
		// A redirect could send the event to another host.
		to.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		r.list = append(r.list, to)
	}
	return r
}

// ValidateWebhooks returns an error that names the first field that is wrong, and the
// fix. isEvent reports whether there is an event with a name.
func ValidateWebhooks(hooks []audit.Webhook, isEvent func(name string) bool) error {
	for i, hook := range hooks {
		field := fmt.Sprintf("Audit.Webhooks[%d]", i)
		u, err := url.Parse(hook.URL)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			return fmt.Errorf("%s.URL is not an absolute URL; use one like https://hooks.example.com/accounts", field)
		case u.Scheme == "http" && !isLoopback(u.Hostname()):
			return fmt.Errorf("%s.URL is not encrypted; use https", field)
		case slices.ContainsFunc(hooks[:i], func(other audit.Webhook) bool { return other.URL == hook.URL }):
			return fmt.Errorf("%s.URL is that of another webhook; list the events of both in one", field)
		case len(hook.Secrets) == 0:
			return fmt.Errorf("%s.Secrets is empty; set one, like whsec_ and the base64 form of 32 random bytes", field)
		}
		for j, secret := range hook.Secrets {
			if _, err := keyOf(secret); err != nil {
				return fmt.Errorf("%s.Secrets[%d] is %w; use whsec_ and the base64 form of 32 random bytes", field, j, err)
			}
		}
		for _, name := range hook.Events {
			if !isEvent(name) {
				return fmt.Errorf("%s.Events holds %q, which is no event; docs/events.md lists their names", field, name)
			}
		}
	}
	return nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// keyOf returns the key that a secret encodes.
func keyOf(secret string) ([]byte, error) {
	text, found := strings.CutPrefix(secret, secretPrefix)
	if !found {
		return nil, errors.New("without the prefix whsec_")
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("not in base64") // err would show a part of it
	}
	if len(key) < minSecret || len(key) > maxSecret {
		return nil, fmt.Errorf("%d bytes long, and not %d to %d", len(key), minSecret, maxSecret)
	}
	return key, nil
}

// sign returns the header webhook-signature: a signature by each key.
func sign(keys [][]byte, id, timestamp string, body []byte) string {
	var signatures []string
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " ")
}

// Post implements outbox.Poster. The error of a receiver that wants no events (410), or
// is no longer configured, is notify.ErrPermanent.
func (r *Receivers) Post(ctx context.Context, e outbox.Event) error {
	i := slices.IndexFunc(r.list, func(to receiver) bool { return to.URL == e.Target })
	if i < 0 {
		return fmt.Errorf("the webhook is no longer configured: %w", notify.ErrPermanent)
	}
	to := &r.list[i]
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(e.Body))
	if err != nil {
		return errors.New("the URL is invalid") // err would show it
	}
	timestamp := strconv.FormatInt(r.now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Webhook-Id", e.ID)
	request.Header.Set("Webhook-Timestamp", timestamp)
	request.Header.Set("Webhook-Signature", sign(to.keys, e.ID, timestamp, e.Body))
	response, err := to.client.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) { // its text contains the URL, which may contain a key
			err = failed.Err
		}
		return fmt.Errorf("post event: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // only the status counts
	_, _ = io.CopyN(io.Discard, response.Body, answerLimit)
	switch {
	case response.StatusCode/100 == 2:
		return nil
	case response.StatusCode == http.StatusGone:
		return fmt.Errorf("post event: status 410: %w", notify.ErrPermanent)
	}
	return fmt.Errorf("post event: status %d", response.StatusCode)
}

// Queue writes events for webhooks, or their decoys.
type Queue interface {
	Event(ctx context.Context, id string, e outbox.Event, expires time.Time) error
	Wake()
}

// enqueue writes an event for each webhook that receives it.
func (r *Receivers) enqueue(ctx context.Context, queue Queue, events []authn.Event) error {
	queued := false
	for _, e := range events {
		var body []byte
		for _, to := range r.list {
			if len(to.Events) > 0 && !slices.Contains(to.Events, e.Name) {
				continue
			}
			if body == nil {
				var err error
				if body, err = json.Marshal(e); err != nil {
					return fmt.Errorf("encode %s: %w", e.Name, err)
				}
			}
			hash := sha256.Sum256([]byte(to.URL))
			id := e.ID + "-" + hex.EncodeToString(hash[:8])
			if err := queue.Event(ctx, id, outbox.Event{ID: e.ID, Name: e.Name, Target: to.URL, Body: body}, r.now().Add(deliverFor)); err != nil {
				return fmt.Errorf("queue %s: %w", e.Name, err)
			}
			queued = true
		}
	}
	if queued {
		work.OnCommit(ctx, queue.Wake)
	}
	return nil
}
