package clienttest

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// timeout is how long a test waits for a condition.
const timeout = 30 * time.Second

// post receives mails and text messages in the order of their arrival.
type post struct {
	mu      sync.Mutex
	arrived *sync.Cond
	mails   []Mail
	texts   []Text
	// down makes every delivery fail.
	down error
}

// Mail is a mail that arrived.
type Mail struct{ notify.Message }

// Text is a text message that arrived.
type Text struct{ notify.TextMessage }

// Send implements notify.Mailer.
func (p *post) Send(_ context.Context, m notify.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return p.down
	}
	p.mails = append(p.mails, Mail{m})
	p.arrived.Broadcast()
	return nil
}

// Text implements notify.Texter.
func (p *post) Text(_ context.Context, m notify.TextMessage) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return p.down
	}
	p.texts = append(p.texts, Text{m})
	p.arrived.Broadcast()
	return nil
}

// Validate implements notify.Mailer and notify.Texter.
func (*post) Validate() error { return nil }

// wait waits until find reports true, and reports whether it did in time.
func (p *post) wait(find func() bool) bool {
	late := false
	timer := time.AfterFunc(timeout, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		late = true
		p.arrived.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !find() {
		if late {
			return false
		}
		p.arrived.Wait()
	}
	return true
}

// PostIsDown makes every delivery fail with err until it is called with nil.
func (s *Server) PostIsDown(err error) {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.down = err
}

// Mail waits for a mail to the address and takes it, the oldest first.
func (s *Server) Mail(to string) Mail {
	s.t.Helper()
	return s.takeMail(to, func(Mail) bool { return true })
}

// MailOf is Mail for mails of one kind. It leaves all others.
func (s *Server) MailOf(kind, to string) Mail {
	s.t.Helper()
	return s.takeMail(to, func(m Mail) bool { return m.Kind == kind })
}

func (s *Server) takeMail(to string, fits func(m Mail) bool) Mail {
	s.t.Helper()
	var found Mail
	ok := s.post.wait(func() bool {
		for i, m := range s.post.mails {
			if m.To == to && fits(m) {
				found = m
				s.post.mails = append(s.post.mails[:i:i], s.post.mails[i+1:]...)
				return true
			}
		}
		return false
	})
	if !ok {
		s.t.Fatalf("no mail to %s", to)
	}
	return found
}

// Text waits for a text message to the number and takes it, the oldest first.
func (s *Server) Text(to string) Text {
	s.t.Helper()
	var found Text
	ok := s.post.wait(func() bool {
		for i, m := range s.post.texts {
			if m.To == to {
				found = m
				s.post.texts = append(s.post.texts[:i:i], s.post.texts[i+1:]...)
				return true
			}
		}
		return false
	})
	if !ok {
		s.t.Fatalf("no text message to %s", to)
	}
	return found
}

// Secret waits for a code, or the key of a link, that is sent to one of these
// addresses and numbers, and takes its message.
func (s *Server) Secret(to ...string) string {
	s.t.Helper()
	found := ""
	ok := s.post.wait(func() bool {
		for i, m := range s.post.mails {
			if secret := cmp.Or(m.Code(), m.Key()); secret != "" && slices.Contains(to, m.To) {
				found = secret
				s.post.mails = slices.Delete(s.post.mails, i, i+1)
				return true
			}
		}
		for i, m := range s.post.texts {
			if secret := m.Code(); secret != "" && slices.Contains(to, m.To) {
				found = secret
				s.post.texts = slices.Delete(s.post.texts, i, i+1)
				return true
			}
		}
		return false
	})
	if !ok {
		s.t.Fatalf("no code or key was sent to %s", strings.Join(to, " or "))
	}
	return found
}

// Mails returns the kinds of the mails that have arrived at the address and
// were not taken. Mails under way are not waited for.
func (s *Server) Mails(to string) []string {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	var kinds []string
	for _, m := range s.post.mails {
		if m.To == to {
			kinds = append(kinds, m.Kind)
		}
	}
	return kinds
}

// AllMails returns the mails that have arrived and were not taken.
func (s *Server) AllMails() []Mail {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	return slices.Clone(s.post.mails)
}

// AllTexts returns the text messages that have arrived and were not taken.
func (s *Server) AllTexts() []Text {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	return slices.Clone(s.post.texts)
}

var (
	link = regexp.MustCompile(`https?://\S+`)
	code = regexp.MustCompile(`(?m)^\s*([A-Z0-9]{3,}(?:-[A-Z0-9]+)*)\s*$`)
)

// Key returns the key in the mail's link.
func (m Mail) Key() string {
	for _, found := range link.FindAllString(m.Message.Text, -1) {
		u, err := url.Parse(found)
		if err != nil {
			continue
		}
		parts := strings.Split(u.Path, "/")
		if last := parts[len(parts)-1]; len(last) > 20 {
			return last
		}
	}
	return ""
}

// Code returns the one-time code in the mail.
func (m Mail) Code() string { return findCode(m.Message.Text) }

// Code returns the one-time code in the text message.
func (m Text) Code() string {
	for _, word := range strings.Fields(m.TextMessage.Text) {
		if found := findCode(strings.Trim(word, ".,:")); found != "" {
			return found
		}
	}
	return ""
}

func findCode(text string) string {
	if found := code.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
