package notify

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/smtpsink"
)

func server(sink *smtpsink.Sink) SMTP {
	return SMTP{Addr: sink.Addr, From: "Grüße <app@example.com>", HelloName: "app.example.com"}
}

var sample = Message{
	ID:      "abc-123_x",
	Kind:    "account/login_code",
	To:      "ann@example.org",
	Subject: "Ihr Code für heute, der in einer sehr langen Betreffzeile steht, damit sie umbrochen wird",
	Text:    "Hello Zoë,\n\nABCD-1234\n\n.\n. a line with a dot\n" + strings.Repeat("long ", 100) + "\n",
	HTML:    "<p>Hello Zoë</p>\n",
}

func TestSend(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t)
	if err := server(sink).Send(t.Context(), sample); err != nil {
		t.Fatal(err)
	}
	m := sink.Wait(t, sample.To, 1)[0]
	if m.Subject != sample.Subject || m.Text != sample.Text || m.HTML != sample.HTML {
		t.Errorf("mail: %+v", m)
	}
	if m.From != "app@example.com" || len(m.To) != 1 {
		t.Errorf("envelope from %s to %s", m.From, m.To)
	}
	for name, want := range map[string]string{
		"From":           "=?utf-8?q?Gr=C3=BC=C3=9Fe?= <app@example.com>",
		"To":             "<ann@example.org>",
		"Message-Id":     "<abc-123_x@example.com>",
		"Auto-Submitted": "auto-generated",
		"User-Agent":     "",
		"Mime-Version":   "1.0",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if date, err := m.Header.Date(); err != nil || time.Since(date).Abs() > time.Minute {
		t.Errorf("Date: %v, %v", date, err)
	}
	if got := m.Header.Get("Content-Type"); !strings.HasPrefix(got, "multipart/alternative") {
		t.Errorf("Content-Type: %s", got)
	}
}

// Check finds out whether the server would take mails, and sends none.
func TestCheck(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.WithLogin("app", "right"))
	s := server(sink)
	s.Username, s.Password = "app", "right"
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if mails := sink.Mails(sample.To); len(mails) > 0 {
		t.Errorf("%d mails were sent", len(mails))
	}
	s.Password = "wrong"
	if err := s.Check(t.Context()); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong password: %v", err)
	}
	sink.Down()
	if err := s.Check(t.Context()); err == nil {
		t.Error("a server that is down was not noticed")
	}
	if err := (SMTP{}).Check(t.Context()); err == nil {
		t.Error("a server without an address was not noticed")
	}
}

func TestSendWithoutHTML(t *testing.T) {
	t.Parallel()
	sink, m := smtpsink.Start(t), sample
	m.HTML = ""
	m.To = "ann@xn--bcher-kva.example"
	if err := server(sink).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := sink.Wait(t, m.To, 1)[0]
	if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") || got.HTML != "" {
		t.Errorf("mail: %+v", got)
	}
}

func TestInternationalAddress(t *testing.T) {
	t.Parallel()
	sink, m := smtpsink.Start(t), sample
	m.To = "zoë@bücher.example"
	if err := server(sink).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	sink.Wait(t, m.To, 1)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		prepare   func(*smtpsink.Sink)
		step      string
		code      int
		permanent bool
	}{
		{"temporary", func(s *smtpsink.Sink) { s.Refuse(true) }, "sender", 451, false},
		{"recipient", func(s *smtpsink.Sink) { s.RejectRecipient() }, "recipient", 550, true},
		{"down", func(s *smtpsink.Sink) { s.Down() }, "connect", 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.Start(t)
			test.prepare(sink)
			err := server(sink).Send(t.Context(), sample)
			var failure *DeliveryError
			if !errors.As(err, &failure) || failure.Step != test.step || failure.Code != test.code {
				t.Fatalf("error = %v", err)
			}
			if errors.Is(err, ErrPermanent) != test.permanent {
				t.Errorf("permanent = %v", !test.permanent)
			}
			if strings.Contains(err.Error(), "ann@") {
				t.Errorf("the error names the recipient: %v", err)
			}
		})
	}
}

// A mail that the server has accepted is not sent again, however the connection
// ends.
func TestServerHangsUpAfterMail(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t)
	sink.HangUpAfterMail(true)
	if err := server(sink).Send(t.Context(), sample); err != nil {
		t.Errorf("Send = %v", err)
	}
	sink.Wait(t, sample.To, 1)
}

func TestSilentServer(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"timeout", "context"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.Start(t)
			sink.Delay(time.Hour)
			mailer, ctx := server(sink), t.Context()
			if by == "timeout" {
				mailer.Timeout = 50 * time.Millisecond
			} else {
				var cancel context.CancelFunc
				ctx, cancel = context.WithCancel(ctx)
				go func() { sink.WaitAttempts(t, 1); cancel() }()
			}
			err := mailer.Send(ctx, sample) // returns long before the server responds
			if err == nil || errors.Is(err, ErrPermanent) {
				t.Fatalf("Send = %v", err)
			}
			if !strings.Contains(err.Error(), "timed out") && !strings.Contains(err.Error(), "cancelled") {
				t.Errorf("Send = %v", err)
			}
		})
	}
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		options  []smtpsink.Option
		policy   TLSPolicy
		trusted  bool
		login    bool
		problem  string // empty: the mail gets through
		inSecret bool
	}{
		{name: "loopback is plain", options: []smtpsink.Option{smtpsink.WithSTARTTLS()}, trusted: true},
		{name: "loopback with a password", options: []smtpsink.Option{smtpsink.WithLogin("me", "pass")}, login: true},
		{name: "starttls where offered", options: []smtpsink.Option{smtpsink.WithSTARTTLS()}, policy: InsecureOpportunisticTLS, trusted: true, inSecret: true},
		{name: "starttls with a password", options: []smtpsink.Option{smtpsink.WithSTARTTLS(), smtpsink.WithLogin("me", "pass")}, policy: InsecureOpportunisticTLS, trusted: true, login: true, inSecret: true},
		{name: "not offered", policy: InsecureOpportunisticTLS},
		{name: "unknown authority", options: []smtpsink.Option{smtpsink.WithSTARTTLS()}, policy: InsecureOpportunisticTLS, problem: "certificate"},
		{name: "implicit", options: []smtpsink.Option{smtpsink.WithImplicitTLS(), smtpsink.WithLogin("me", "pass")}, policy: TLSImplicit, trusted: true, login: true, inSecret: true},
		{name: "implicit, unknown authority", options: []smtpsink.Option{smtpsink.WithImplicitTLS()}, policy: TLSImplicit, problem: "certificate"},
		{name: "wrong password", options: []smtpsink.Option{smtpsink.WithLogin("me", "other")}, policy: InsecureNoTLS, login: true, problem: "status 535"},
		{name: "missing password", options: []smtpsink.Option{smtpsink.WithLogin("me", "pass")}, problem: "status 530"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.Start(t, test.options...)
			mailer := server(sink)
			mailer.TLS = test.policy
			if test.trusted {
				mailer.TLSConfig = sink.TLSConfig()
			}
			if test.login {
				mailer.Username, mailer.Password = "me", "pass"
			}
			err := mailer.Send(t.Context(), sample)
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) || errors.Is(err, ErrPermanent) {
					t.Errorf("Send = %v, want %q", err, test.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m := sink.Wait(t, "", 1)[0]; m.Encrypted != test.inSecret {
				t.Errorf("encrypted = %v", m.Encrypted)
			}
		})
	}
}

// remote is a mailer whose server, example.com, is the sink.
func remote(sink *smtpsink.Sink, policy TLSPolicy) SMTP {
	mailer := server(sink)
	mailer.Addr, mailer.TLS = "example.com:587", policy
	mailer.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, sink.Addr)
	}
	return mailer
}

// Only the policy that is named for it sends a password without encryption, and
// the default sends nothing to a remote server that cannot encrypt.
func TestNothingInTheClear(t *testing.T) {
	t.Parallel()
	tests := []struct {
		policy  TLSPolicy
		login   bool
		problem string // empty: the mail gets through
	}{
		{TLSRequired, false, "STARTTLS"},
		{TLSRequired, true, "STARTTLS"},
		{TLSImplicit, true, "tls"},
		{InsecureOpportunisticTLS, false, ""},
		{InsecureOpportunisticTLS, true, "unencrypted"},
		{InsecureNoTLS, true, ""},
	}
	for _, test := range tests {
		var options []smtpsink.Option
		if test.login {
			options = append(options, smtpsink.WithLogin("me", "pass"))
		}
		sink := smtpsink.Start(t, options...)
		mailer := remote(sink, test.policy)
		if test.login {
			mailer.Username, mailer.Password = "me", "pass"
		}
		err := mailer.Send(t.Context(), sample)
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("policy %d: Send = %v, want %q", test.policy, err, test.problem)
		}
		if arrived := len(sink.Mails("")) > 0; arrived != (test.problem == "") {
			t.Errorf("policy %d: arrived = %v", test.policy, arrived)
		}
	}
}

func TestRequiredTLS(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.WithSTARTTLS(), smtpsink.WithLogin("me", "pass"))
	mailer := remote(sink, TLSRequired)
	mailer.Username, mailer.Password, mailer.TLSConfig = "me", "pass", sink.TLSConfig()
	if err := mailer.Send(t.Context(), sample); err != nil {
		t.Fatal(err)
	}
	if !sink.Wait(t, "", 1)[0].Encrypted {
		t.Error("the mail was not encrypted")
	}
	mailer.Addr = "other.example.net:587" // not what the certificate is for
	if err := mailer.Send(t.Context(), sample); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Send to a server with another's certificate = %v", err)
	}
}
