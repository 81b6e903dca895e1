package smtpsink

import (
	"net/smtp"
	"strings"
	"testing"
	"time"
)

func send(s *Sink, to ...string) error {
	body := "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nYour code is:\r\n\r\nABCD-1234\r\n\r\n" +
		"Or go to https://example.com/verify/a=3Ab\r\n"
	return smtp.SendMail(s.Addr, nil, "app@example.com", to, []byte(body))
}

func TestReceive(t *testing.T) {
	t.Parallel()
	sink := Start(t)
	if err := send(sink, "ann@example.org", "bob@example.org"); err != nil {
		t.Fatal(err)
	}
	m := sink.Wait(t, "bob@example.org", 1)[0]
	if m.From != "app@example.com" || len(m.To) != 2 || m.Subject != "Grüße" || m.HTML != "" || m.Encrypted {
		t.Errorf("mail: %+v", m)
	}
	if got := m.Code(); got != "ABCD-1234" {
		t.Errorf("Code = %q", got)
	}
	if got := m.Link(`https://\S+`); got != "https://example.com/verify/a:b" {
		t.Errorf("Link = %q", got)
	}
	if got := m.Link(`/verify/(\S+)`); got != "a:b" {
		t.Errorf("Link with a group = %q", got)
	}
	if got := m.Link(`nothing`); got != "" {
		t.Errorf("Link without a match = %q", got)
	}
	if got := (Mail{Text: "no code here"}).Code(); got != "" {
		t.Errorf("Code without one = %q", got)
	}
}

func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	sink := Start(t)
	sink.Refuse(true)
	if err := send(sink, "ann@example.org"); err == nil || !strings.HasPrefix(err.Error(), "451") {
		t.Errorf("Refuse: %v", err)
	}
	sink.Refuse(false)
	sink.RejectRecipient("ann@example.org")
	if err := send(sink, "ann@example.org"); err == nil || !strings.HasPrefix(err.Error(), "550") {
		t.Errorf("RejectRecipient: %v", err)
	}
	if err := send(sink, "bob@example.org"); err != nil {
		t.Errorf("another recipient: %v", err)
	}
	sink.RejectRecipient()
	if err := send(sink, "bob@example.org"); err == nil {
		t.Error("RejectRecipient of all let one through")
	}
	sink.AcceptRecipients()
	if err := send(sink, "ann@example.org"); err != nil {
		t.Errorf("AcceptRecipients: %v", err)
	}
	sink.WaitAttempts(t, 5)
	if got := len(sink.Mails("")); got != 2 {
		t.Errorf("%d mails, want 2", got)
	}
}

func TestDownAndUp(t *testing.T) {
	t.Parallel()
	sink := Start(t)
	address := sink.Addr
	sink.Delay(time.Hour)
	waiting := make(chan error)
	go func() { waiting <- send(sink, "ann@example.org") }()
	sink.WaitAttempts(t, 1)
	sink.Down()
	sink.Down()
	if err := <-waiting; err == nil {
		t.Error("a server that is down accepted a mail")
	}
	if err := send(sink, "ann@example.org"); err == nil {
		t.Error("the port is still open")
	}
	sink.Delay(0)
	sink.Up(t)
	sink.Up(t)
	if err := send(sink, "ann@example.org"); err != nil || sink.Addr != address {
		t.Errorf("after the outage: %v at %s, was %s", err, sink.Addr, address)
	}
	sink.Wait(t, "ann@example.org", 1)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("Subject: a\nContent-Type: text/plain\n\nbody\n"))
	f.Add([]byte("Subject: =?utf-8?b?w7w=?=\nContent-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n" +
		"Content-Transfer-Encoding: base64\n\nYQ==\n--x\nContent-Type: text/html\n\n<p>a\n--x--\n"))
	f.Add([]byte("Content-Type: multipart/mixed\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parse(raw)
		if err == nil && m.Header == nil {
			t.Error("a mail without headers")
		}
		_ = m.Code()
	})
}

func FuzzPath(f *testing.F) {
	f.Add("FROM:<a@b.example> SIZE=1")
	f.Add("from: <>")
	f.Add("FROM:a@b>")
	f.Fuzz(func(t *testing.T, argument string) {
		if address, ok := path(argument, "FROM:"); ok && (address == "" || strings.Contains(address, ">")) {
			t.Errorf("path(%q) = %q", argument, address)
		}
	})
}
