package notify

import (
	"bytes"
	"errors"
	"net/mail"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/smtpsink"
)

// hostile are addresses that would become two recipients, a display name, a
// header or an SMTP command without checks.
var hostile = []string{
	"", "@", "ann", "ann@", "@example.org", " ann@example.org", "ann@example.org ",
	"ann@example.org\r\nBcc: eve@example.org", "ann@example.org\nBcc: eve@example.org",
	"ann@example.org\r", "ann@example.org\x00", "ann\x00@example.org", "ann@example.org\x7f",
	"ann@example.org,eve@example.org", "ann@example.org;eve@example.org", "ann@example.org, eve@example.org",
	"Bob <ann@example.org>", "<ann@example.org>", "<ann@example.org>,eve@example.org", "ann@example.org> SIZE=1",
	"ann@example.org>\r\nRCPT TO:<eve@example.org", `"ann eve"@example.org`, `"ann@x"@example.org`, `"<eve@example.org>"@x.example`,
	`ann\@example.org`, "ann@[127.0.0.1]", "ann@exa mple.org", "ann@example.org(comment)", "(c)ann@example.org",
	"group:ann@example.org;", "ann@eve@example.org", "ann@example.org\u2028", "ann\u0085@example.org",
	"=?utf-8?q?ann=0aBcc:_eve?=@example.org\n", "ann..eve@example.org", ".ann@example.org", "ann@example..org",
	"\xff\xfe@example.org", strings.Repeat("a", 400) + "@example.org",
}

func TestHostileRecipients(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t)
	for _, to := range hostile {
		m := sample
		m.To = to
		if err := server(sink).Send(t.Context(), m); !errors.Is(err, ErrPermanent) {
			t.Errorf("Send to %q = %v", to, err)
		}
	}
	if got := sink.Mails(""); len(got) != 0 {
		t.Errorf("mails got through: %v", got)
	}
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t)
	injection := "a\r\nBcc: eve@example.org\r\n\r\nb"
	for _, bad := range []string{injection, "a\rb", "a\nb", "a\x00b", "a\u2029b"} {
		m := sample
		m.Subject = bad
		if err := server(sink).Send(t.Context(), m); !errors.Is(err, ErrPermanent) {
			t.Errorf("subject %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", injection, "a b", "a>b", "a@b", ".a", "a.", "a..b", strings.Repeat("a", 201)} {
		m := sample
		m.ID = bad
		if err := server(sink).Send(t.Context(), m); !errors.Is(err, ErrPermanent) {
			t.Errorf("ID %q: %v", bad, err)
		}
	}
	m := sample // harmless where line breaks are allowed
	m.Text, m.HTML, m.Kind = "\r\n.\r\nRCPT TO:<eve@example.org>\r\n"+injection, "\r\n.\r\nQUIT\r\n"+injection, injection
	if err := server(sink).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := sink.Wait(t, m.To, 1)
	if len(got) != 1 || len(got[0].To) != 1 || got[0].Header.Get("Bcc") != "" || !strings.Contains(got[0].Text, "RCPT TO") {
		t.Errorf("mails: %+v", got)
	}
}

func FuzzCompose(f *testing.F) {
	for _, to := range hostile {
		f.Add("id1", to, "subject", "text", "html")
	}
	f.Add("id1", "ann@example.org", "Grüße", ".\r\n", "<p>")
	f.Add("id1", "zoë@bücher.example", "=?utf-8?q?a?=", "\x00", "")
	f.Fuzz(func(t *testing.T, id, to, subject, text, html string) {
		message, err := SMTP{From: "app@example.com"}.compose(Message{ID: id, To: to, Subject: subject, Text: text, HTML: html})
		if err != nil {
			if !errors.Is(err, ErrPermanent) {
				t.Errorf("error = %v", err)
			}
			return
		}
		var raw bytes.Buffer
		if _, err := message.WriteTo(&raw); err != nil {
			t.Fatal(err)
		}
		parsed, err := mail.ReadMessage(&raw)
		if err != nil {
			t.Fatalf("unreadable: %v", err)
		}
		if recipients, _ := message.GetRecipients(); len(recipients) != 1 || recipients[0] != "<"+to+">" {
			t.Errorf("recipients %q for %q", recipients, to)
		}
		known := map[string]bool{
			"From": true, "To": true, "Subject": true, "Date": true, "Message-Id": true, "Mime-Version": true,
			"Auto-Submitted": true, "X-Auto-Response-Suppress": true, "Content-Type": true, "Content-Transfer-Encoding": true,
		}
		for name, values := range parsed.Header {
			if !known[name] || len(values) != 1 {
				t.Errorf("header %s: %q", name, values)
			}
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := SMTP{Addr: "smtp.example.com:587", From: "app@example.com"}
	tests := []struct {
		change func(*SMTP)
		want   string // empty: valid
	}{
		{func(s *SMTP) {}, ""},
		{func(s *SMTP) { s.From = "Example, Inc. <app@example.com>" }, "SMTP.From"},
		{func(s *SMTP) { s.From = `"Example, Inc." <app@example.com>` }, ""},
		{func(s *SMTP) { s.Addr = "[::1]:25" }, ""},
		{func(s *SMTP) { s.Addr = "localhost:465" }, ""},
		{func(s *SMTP) { s.Username, s.Password = "a", "b" }, ""},
		{func(s *SMTP) { s.Addr, s.TLS = "smtp.example.com:465", TLSImplicit }, ""},
		{func(s *SMTP) { s.Addr = "" }, "SMTP.Addr is empty"},
		{func(s *SMTP) { s.Addr = "smtp.example.com" }, "SMTP.Addr is not"},
		{func(s *SMTP) { s.Addr = ":25" }, "SMTP.Addr is not"},
		{func(s *SMTP) { s.Addr = "smtp.example.com:smtp" }, "SMTP.Addr is not"},
		{func(s *SMTP) { s.Addr = "smtp.example.com:70000" }, "SMTP.Addr is not"},
		{func(s *SMTP) { s.Addr = "smtp\r\n.example.com:25" }, "SMTP.Addr is not"},
		{func(s *SMTP) { s.From = "" }, "SMTP.From is empty"},
		{func(s *SMTP) { s.From = "app" }, "SMTP.From is not"},
		{func(s *SMTP) { s.From = "app@bücher.example" }, "SMTP.From is not"},
		{func(s *SMTP) { s.From = "App\r\nBcc: x@example.com <app@example.com>" }, "SMTP.From is not"},
		{func(s *SMTP) { s.Username = "me" }, "SMTP.Username and SMTP.Password"},
		{func(s *SMTP) { s.Password = "pass" }, "SMTP.Username and SMTP.Password"},
		{func(s *SMTP) { s.TLS = 9 }, "SMTP.TLS is unknown"},
		{func(s *SMTP) { s.Addr = "smtp.example.com:465" }, "SMTP.TLS does not fit port 465"},
		{func(s *SMTP) { s.Timeout = -1 }, "SMTP.Timeout"},
		{func(s *SMTP) { s.HelloName = "a\nb" }, "SMTP.HelloName"},
	}
	for _, test := range tests {
		s := good
		test.change(&s)
		err := s.Validate()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("Validate of %s from %q = %v, want %q", s.Addr, s.From, err, test.want)
		}
		if err != nil {
			if got := s.Send(t.Context(), sample); got == nil || got.Error() != err.Error() {
				t.Errorf("Send = %v, want %v", got, err)
			}
		}
	}
}
