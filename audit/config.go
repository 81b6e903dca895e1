package audit

import (
	"net/http"
	"time"
)

// Config turns the audit trail on. The zero value is complete.
type Config struct {
	// Retention is how long an event is kept. Auth.Clean deletes older ones. A
	// change applies to later events. Zero: 365 days.
	Retention time.Duration
	// ShowToUsers serves GET account/activity, where users read the events of
	// their own account.
	ShowToUsers bool
	// Webhooks receive events. They are queued in the transaction of the event.
	Webhooks []Webhook
}

// Webhook is a URL that receives events in POST requests with the JSON form of
// authn.Event, signed by the Standard Webhooks rules. A response with a 2xx status
// ends the delivery, as does 410; after any other, or none within 15 seconds, the
// event is sent again for three days, less and less often. An event can be sent
// more than once, always with the same webhook-id.
type Webhook struct {
	// URL receives the requests. It must be https, or http on a loopback address.
	// No other webhook has the same.
	URL string `json:"-"` // it may contain a key
	// Secrets sign the requests. Each is "whsec_" and the base64 form of 24 to 64
	// random bytes. To rotate, put a new one in front, and remove the old one
	// when the receiver knows the new one.
	Secrets []string `json:"-"`
	// Events are the names of the events that are sent, see docs/events.md. Empty:
	// all.
	Events []string
	// Client sends the requests, for example through a proxy. It does not follow
	// redirects. Nil: a client with the default transport.
	Client *http.Client
}
