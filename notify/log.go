package notify

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// Log prints messages instead of delivering them, for demos and development.
// It prints everything, codes and links that open accounts included: never use
// it where others read the output. It is a Mailer and a Texter, safe for
// concurrent use.
type Log struct {
	// Writer is where messages go. Nil: standard error.
	Writer io.Writer

	mu sync.Mutex
}

// Send prints a mail. It returns the Writer's errors.
func (l *Log) Send(_ context.Context, m Message) error {
	return l.print(fmt.Sprintf("--- mail %s (%s)\nTo: %s\nSubject: %s\n\n%s\n---\n",
		m.Kind, m.ID, m.To, m.Subject, strings.TrimSpace(m.Text)))
}

// Text prints a text message. It returns the Writer's errors.
func (l *Log) Text(_ context.Context, m TextMessage) error {
	return l.print(fmt.Sprintf("--- text message %s (%s)\nTo: %s\n\n%s\n---\n",
		m.Kind, m.ID, m.To, strings.TrimSpace(m.Text)))
}

// Validate returns nil: every Log can print.
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
