package outbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/smtpsink"
	"github.com/allauth-go/allauth/notify"
)

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// journal is a log that may be read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type mailerFunc func(ctx context.Context, m notify.Message) error

func (f mailerFunc) Send(ctx context.Context, m notify.Message) error { return f(ctx, m) }

func (mailerFunc) Validate() error { return nil }

type texterFunc func(ctx context.Context, m notify.TextMessage) error

func (f texterFunc) Text(ctx context.Context, m notify.TextMessage) error { return f(ctx, m) }

func (texterFunc) Validate() error { return nil }

func newKeyring(t *testing.T) *keyring.Keyring {
	t.Helper()
	keys, err := keyring.New([][]byte{bytes.Repeat([]byte{7}, 32)}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func smtp(sink *smtpsink.Sink) notify.SMTP {
	return notify.SMTP{Addr: sink.Addr, From: "app@example.com"}
}

// newOutbox returns an Outbox that ends with the test. Tests wake it: it polls
// hardly ever.
func newOutbox(t *testing.T, config Config) *Outbox {
	t.Helper()
	if config.Sealer == nil {
		config.Sealer = newKeyring(t)
	}
	if config.Poll == 0 {
		config.Poll = time.Hour
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	o := New(config)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = o.Close(ctx)
	})
	return o
}

const secret = "ZZZZ-9876"

func mail(n int) notify.Message {
	return notify.Message{
		ID:      fmt.Sprintf("message%d", n),
		Kind:    "account/login_code",
		To:      fmt.Sprintf("user%d@example.org", n),
		Subject: "Your code",
		Text:    "Your code is:\n\n" + secret + "\n",
	}
}

func enqueue(t *testing.T, o *Outbox, expires time.Time, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if err := o.Mail(t.Context(), mail(n), expires); err != nil {
			t.Fatalf("Mail: %v", err)
		}
	}
	o.Wake()
}
