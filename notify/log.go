package notify

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// Log prints messages in place of delivering them, for demos and development. It
// prints codes and links that log in: do not use it where others can read the
// output. It is a Mailer and a Texter, and safe for concurrent use.
type Log struct {
	// Writer is the output. Nil: standard error.
	Writer io.Writer

	mu sync.Mutex
}

// Send prints a mail. It returns the errors of Writer.
func (l *Log) Send(_ context.Context, m Message) error {
	return l.print(fmt.Sprintf("--- mail %s (%s)\nTo: %s\nSubject: %s\n\n%s\n---\n",
		m.Kind, m.ID, m.To, m.Subject, strings.TrimSpace(m.Text)))
}

// Text prints a text message. It returns the errors of Writer.
func (l *Log) Text(_ context.Context, m TextMessage) error {
	return l.print(fmt.Sprintf("--- text message %s (%s)\nTo: %s\n\n%s\n---\n",
		m.Kind, m.ID, m.To, strings.TrimSpace(m.Text)))
}

// Validate returns nil: the zero value is valid.
func (*Log) Validate() error { return nil }

func (l *Log) print(text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	writer := l.Writer
	if writer == nil {
		writer = os.Stderr
	}
	if _, err := io.WriteString(writer, text); err != nil {
		return fmt.Errorf("notify: print message: %w", err)
	}
	return nil
}
