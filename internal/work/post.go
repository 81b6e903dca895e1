package work

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/notify"
)

// Outbox stores messages in the transaction of ctx and delivers them later.
type Outbox interface {
	Mail(ctx context.Context, m notify.Message, expires time.Time) error
	Text(ctx context.Context, m notify.TextMessage, expires time.Time) error
	// Wake starts the delivery now. It does not block.
	Wake()
}

// Templates turn a kind of message and its data into text.
type Templates interface {
	Render(kind string, data any) (subject, text, html string, err error)
}

// Post writes messages and hands them to the outbox.
type Post struct {
	Outbox Outbox
	// Decoys does the work of Outbox and delivers nothing.
	Decoys    Outbox
	Templates Templates
	SiteName  string
	Now       func() time.Time
	Rand      io.Reader
}

// To returns p, or, for the empty id of a decoy, a Post that does the same work and
// delivers nothing.
func (p *Post) To(userID string) *Post {
	if userID != "" {
		return p
	}
	decoy := *p
	decoy.Outbox = p.Decoys
	return &decoy
}

// Mail renders and queues a mail. The mail is dropped if it is not delivered within
// lifetime.
func (p *Post) Mail(ctx context.Context, kind, to string, data map[string]any, lifetime time.Duration) error {
	if to == "" {
		return nil
	}
	data["SiteName"], data["Email"] = p.SiteName, to
	subject, text, html, err := p.Templates.Render(kind, data)
	if err != nil {
		return fmt.Errorf("render %s: %w", kind, err)
	}
	id, err := keyring.RandomID(p.Rand)
	if err != nil {
		return err
	}
	m := notify.Message{ID: id, Kind: kind, To: to, Subject: subject, Text: text, HTML: html}
	if err := p.Outbox.Mail(ctx, m, p.Now().Add(lifetime)); err != nil {
		return fmt.Errorf("queue %s: %w", kind, err)
	}
	p.wake(ctx)
	return nil
}

// Text renders and queues a text message. notify lists the kinds.
func (p *Post) Text(ctx context.Context, kind, to string, data map[string]any, lifetime time.Duration) error {
	data["SiteName"], data["Phone"] = p.SiteName, to
	_, text, _, err := p.Templates.Render("sms/"+kind, data)
	if err != nil {
		return fmt.Errorf("render sms/%s: %w", kind, err)
	}
	id, err := keyring.RandomID(p.Rand)
	if err != nil {
		return err
	}
	m := notify.TextMessage{ID: id, Kind: kind, To: to, Text: text}
	if err := p.Outbox.Text(ctx, m, p.Now().Add(lifetime)); err != nil {
		return fmt.Errorf("queue sms/%s: %w", kind, err)
	}
	p.wake(ctx)
	return nil
}

// wake starts the delivery now, or after the commit of the transaction of ctx.
func (p *Post) wake(ctx context.Context) {
	if tx := scopeOf(ctx).tx; tx != nil {
		tx.mail = true
		return
	}
	p.Outbox.Wake()
}
