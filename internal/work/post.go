package work

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clientip"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/locale"
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
	Render(l *locale.Locale, kind string, data map[string]any) (subject, text, html string, err error)
}

// Post writes messages and hands them to the outbox.
type Post struct {
	Outbox Outbox
	// Decoys does the work of Outbox and delivers nothing.
	Decoys    Outbox
	Templates Templates
	Locales   *locale.Set
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

// Origin adds to the data of a message when and from where it was requested.
func (p *Post) Origin(ctx context.Context, data map[string]any) map[string]any {
	if client := originOf(ctx).Client; client.IP.IsValid() {
		data["Timestamp"], data["IP"], data["UserAgent"] = p.Now(), clientip.Text(client.IP), client.UserAgent
	}
	return data
}

// originOf returns the origin of the unit of ctx, which is zero for work of the host.
func originOf(ctx context.Context) Origin {
	if u := Of(ctx); u != nil && u.origin != nil {
		return u.origin()
	}
	return Origin{}
}

// Mail renders and queues a mail in the language of the user, who is nil if the mail is
// not for a user: then the language is that of the request. The mail is dropped if it is
// not delivered within lifetime.
func (p *Post) Mail(ctx context.Context, kind, to string, user *authn.User, data map[string]any, lifetime time.Duration) error {
	if to == "" {
		return nil
	}
	data["Email"] = to
	l := p.prepare(ctx, user, data)
	subject, text, html, err := p.Templates.Render(l, kind, data)
	if err != nil {
		return fmt.Errorf("render %s: %w", kind, err)
	}
	id, err := keyring.RandomID(p.Rand)
	if err != nil {
		return err
	}
	m := notify.Message{ID: id, Kind: kind, To: to, UserID: userID(user), Language: l.Name, Subject: subject, Text: text, HTML: html, Data: plain(data)}
	if err := p.Outbox.Mail(ctx, m, p.Now().Add(lifetime)); err != nil {
		return fmt.Errorf("queue %s: %w", kind, err)
	}
	OnCommit(ctx, p.Outbox.Wake)
	return nil
}

// Text renders and queues a text message, see Mail. notify lists the kinds.
func (p *Post) Text(ctx context.Context, kind, to string, user *authn.User, data map[string]any, lifetime time.Duration) error {
	data["Phone"] = to
	l := p.prepare(ctx, user, data)
	_, text, _, err := p.Templates.Render(l, "sms/"+kind, data)
	if err != nil {
		return fmt.Errorf("render sms/%s: %w", kind, err)
	}
	id, err := keyring.RandomID(p.Rand)
	if err != nil {
		return err
	}
	m := notify.TextMessage{ID: id, Kind: kind, To: to, UserID: userID(user), Language: l.Name, Text: text, Data: plain(data)}
	if err := p.Outbox.Text(ctx, m, p.Now().Add(lifetime)); err != nil {
		return fmt.Errorf("queue sms/%s: %w", kind, err)
	}
	OnCommit(ctx, p.Outbox.Wake)
	return nil
}

// prepare adds what all messages have to the data, and returns the language.
func (p *Post) prepare(ctx context.Context, user *authn.User, data map[string]any) *locale.Locale {
	data["SiteName"] = p.SiteName
	if user != nil {
		data["UserID"], data["Extra"] = user.ID, user.Extra
	}
	return p.Locales.Choose(user, originOf(ctx).AcceptLanguage)
}

func userID(user *authn.User) string {
	if user == nil {
		return ""
	}
	return user.ID
}

// plain returns the data of a message for the host, see notify.Message.
func plain(data map[string]any) map[string]string {
	texts := make(map[string]string, len(data))
	for name, value := range data {
		switch v := value.(type) {
		case string:
			texts[name] = v
		case time.Time:
			texts[name] = v.UTC().Format(time.RFC3339)
		case time.Duration:
			texts[name] = strconv.Itoa(int(v.Round(time.Second) / time.Second))
		}
	}
	return texts
}
