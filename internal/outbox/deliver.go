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

// letter is an entry that was opened: what to log about it, what must not be
// logged, and how to send it.
type letter struct {
	kind, sender string
	secrets      []string
	send         func(ctx context.Context) error
}

// deliver sends a claimed entry, and deletes it or arranges for another try.
func (o *Outbox) deliver(e notify.Entry) {
	if e.Channel == notify.ChannelDecoy {
		o.discard(e)
		return
	}
	l, err := o.read(e)
	log := o.Logger.With("kind", l.kind, "id", e.ID, "attempt", e.Attempts)
	if !o.Now().Before(e.ExpiresAt) {
		log.Warn("outbox: message expired before it could be delivered")
		o.discard(e)
		return
	}
	if err == nil {
		err = o.send(l)
	}
	switch {
	case err == nil:
		o.settle(e.ID, delivered)
		o.remove(e)
	case errors.Is(err, notify.ErrPermanent):
		log.Warn("outbox: message refused for good", "error", class(err))
		o.discard(e)
	default:
		o.retry(e) // before the log tells of it, so that tests can wait for both
		log.Warn("outbox: delivery failed", "error", class(err))
	}
}

// read opens an entry. If that fails, another process may have sealed it with a
// key that this one does not know yet.
func (o *Outbox) read(e notify.Entry) (letter, error) {
	switch {
	case e.Channel == notify.ChannelMail && o.Mailer != nil:
		var m notify.Message
		err := o.open(e, &m)
		return letter{m.Kind, "Mailer", hook.Words(m.To, m.Subject, m.Text, m.HTML), func(ctx context.Context) error { return o.Mailer.Send(ctx, m) }}, err
	case e.Channel == notify.ChannelText && o.Texter != nil:
		var m notify.TextMessage
		err := o.open(e, &m)
		return letter{m.Kind, "Texter", hook.Words(m.To, m.Text), func(ctx context.Context) error { return o.Texter.Text(ctx, m) }}, err
	}
	return letter{}, fmt.Errorf("%w: %s", errNoSender, e.Channel)
}

// send calls the sender, which belongs to the host and may do anything.
func (o *Outbox) send(l letter) (err error) {
	ctx, cancel := context.WithTimeout(o.ctx, o.SendTimeout)
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			hook.LogPanic(ctx, o.Logger, l.sender, value, debug.Stack(), l.secrets...)
			err = errPanic
		}
	}()
	return l.send(ctx)
}

// class says what went wrong without repeating the text of errors that others
// made: a server's answer may hold the recipient's address.
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
