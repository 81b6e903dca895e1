package outbox

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

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
	if err == nil {
		err = o.send(m)
	}
	switch {
	case err == nil:
		o.setState(e.ID, delivered)
		o.remove(e)
	case errors.Is(err, notify.ErrPermanent):
		log.Warn("outbox: message refused for good", "error", class(err))
		o.discard(e)
	default:
		o.retry(e) // before logging, so that tests can wait for both
		log.Warn("outbox: delivery failed", "error", class(err))
	}
}

// read decrypts an entry. It fails for an entry that another process has encrypted with
// a key that this process does not have yet; the entry is retried.
func (o *Outbox) read(e notify.Entry) (opened, error) {
	switch {
	case e.Channel == notify.ChannelMail && o.Mailer != nil:
		var m notify.Message
		err := o.open(e, &m)
		return opened{m.Kind, "Mailer", hook.Words(m.To, m.Subject, m.Text, m.HTML), func(ctx context.Context) error { return o.Mailer.Send(ctx, m) }}, err
	case e.Channel == notify.ChannelText && o.Texter != nil:
		var m notify.TextMessage
		err := o.open(e, &m)
		return opened{m.Kind, "Texter", hook.Words(m.To, m.Text), func(ctx context.Context) error { return o.Texter.Text(ctx, m) }}, err
	}
	return opened{}, fmt.Errorf("%w: %s", errNoSender, e.Channel)
}

// send calls the host's sender. It turns a panic into errPanic.
func (o *Outbox) send(m opened) (err error) {
	ctx, cancel := context.WithTimeout(o.ctx, o.SendTimeout)
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			hook.LogPanic(ctx, o.Logger, m.sender, value, debug.Stack(), m.secrets...)
			err = errPanic
		}
	}()
	return m.send(ctx)
}

// class describes an error for the log, without texts of the sender or the mail server,
// which may contain the recipient's address.
func class(err error) string {
	var failure *notify.DeliveryError
	switch {
	case errors.As(err, &failure):
		return failure.Error()
	case errors.Is(err, errUnreadable):
		return errUnreadable.Error()
	case errors.Is(err, errPanic), errors.Is(err, errNoSender):
		return err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return fmt.Sprintf("error of type %T", err)
}
