package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/notify"
)

var (
	errUnreadable = errors.New("outbox: unreadable message")
	errPanic      = errors.New("outbox: the sender panicked")
	errNoSender   = errors.New("outbox: no sender for this channel")
)

// opened is the message of an entry: its kind and the name of its sender for the log,
// the words that must not be logged, and the function that sends it.
type opened struct {
	kind, sender string
	secrets      []string
	target       string // of a webhook
	send         func(ctx context.Context) error
}

// deliver sends a claimed entry. It deletes the entry, or reschedules it if sending
// failed.
func (o *Outbox) deliver(e notify.Entry) {
	if e.Channel == notify.ChannelDecoy {
		o.discard(e)
		return
	}
	m, err := o.read(e)
	log := o.Logger.With("kind", m.kind, "id", e.ID, "attempt", e.Attempts)
	if !o.Now().Before(e.ExpiresAt) {
		log.Warn("outbox: message expired before it could be delivered")
		o.discard(e)
		return
	}
	if until, waits := o.pausedUntil(m.target); err == nil && waits {
		o.postpone(e, until)
		return
	}
	if err == nil {
		err = o.observed(m, o.send)
		o.noteResult(m.target, err)
	}
	switch {
	case err == nil:
		o.setState(e.ID, delivered)
		o.remove(e)
	case errors.Is(err, notify.ErrPermanent):
		log.Warn("outbox: message refused for good", "error", m.describe(err))
		o.discard(e)
	default:
		o.retry(e) // before logging, so that tests can wait for both
		log.Warn("outbox: delivery failed", "error", m.describe(err))
	}
}

// observed calls send, and tells Config.Observe of it.
func (o *Outbox) observed(m opened, send func(ctx context.Context, m opened) error) error {
	if o.Observe == nil {
		return send(o.ctx, m)
	}
	ctx, end := o.Observe(o.ctx, m.kind)
	err := send(ctx, m)
	switch {
	case err == nil:
		end("")
	case errors.Is(err, notify.ErrPermanent):
		end("refused")
	default:
		end("error")
	}
	return err
}

// read decrypts an entry. It fails for an entry that another process has encrypted with
// a key that this process does not have yet; the entry is retried.
func (o *Outbox) read(e notify.Entry) (opened, error) {
	switch {
	case e.Channel == notify.ChannelMail && o.Mailer != nil:
		var m notify.Message
		err := o.open(e, &m)
		return opened{m.Kind, "Mailer", recipient(m.To, m.Subject, m.Text, m.HTML), "", func(ctx context.Context) error { return o.Mailer.Send(ctx, m) }}, err
	case e.Channel == notify.ChannelText && o.Texter != nil:
		var m notify.TextMessage
		err := o.open(e, &m)
		return opened{m.Kind, "Texter", recipient(m.To, m.Text), "", func(ctx context.Context) error { return o.Texter.Text(ctx, m) }}, err
	case e.Channel == notify.ChannelWebhook && o.Poster != nil:
		var m Event
		err := o.open(e, &m)
		return opened{m.Name, "webhook", hook.Words(m.Target), m.Target, func(ctx context.Context) error { return o.Poster.Post(ctx, m) }}, err
	}
	return opened{}, fmt.Errorf("%w: %s", errNoSender, e.Channel)
}

// lastDigits is how many digits of a phone number identify it in its national form.
const lastDigits = 7

// recipient returns the words of a message that must not be logged, and how else errors
// may name its recipient: by the part before the @, or by digits.
func recipient(to string, texts ...string) []string {
	words := hook.Words(append(texts, to)...)
	if local, _, ok := strings.Cut(to, "@"); ok {
		return append(words, local)
	}
	return append(words, to[max(0, len(to)-lastDigits):])
}

// send calls the host's sender. It turns a panic into errPanic.
func (o *Outbox) send(ctx context.Context, m opened) (err error) {
	ctx, cancel := context.WithTimeout(ctx, o.SendTimeout)
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			hook.LogPanic(ctx, o.Logger, m.sender, value, debug.Stack(), m.secrets...)
			err = errPanic
		}
	}()
	return m.send(ctx)
}

// describe returns an error for the log, with the responses of mail servers and without
// the message and its recipient.
func (m opened) describe(err error) string {
	if errors.Is(err, errUnreadable) {
		return errUnreadable.Error()
	}
	text := fmt.Sprint(err) // an error of the host may panic
	var failure *notify.DeliveryError
	if errors.As(err, &failure) && failure.Unwrap() != nil {
		if cause := fmt.Sprint(failure.Unwrap()); !strings.Contains(text, cause) {
			text += ": " + cause
		}
	}
	return hook.Redact(cmp.Or(text, fmt.Sprintf("error of type %T", err)), m.secrets...)
}
