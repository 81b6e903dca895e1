package smtpsink

import (
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/textproto"
	"strings"
)

// session is one SMTP conversation (RFC 5321).
type session struct {
	sink     *Sink
	conn     net.Conn
	text     *textproto.Conn
	secure   bool
	loggedIn bool
	from     string
	to       []string
}

func newSession(sink *Sink, conn net.Conn) *session {
	s := &session{sink: sink, conn: conn}
	if sink.implicitTLS {
		s.encrypt()
	}
	s.text = textproto.NewConn(s.conn)
	return s
}

func (s *session) encrypt() {
	s.conn = tls.Server(s.conn, &tls.Config{Certificates: s.sink.certificate.TLS.Certificates})
	s.secure = true
}

// run talks until either side hangs up.
func (s *session) run() {
	s.reply("220 smtpsink ready")
	for {
		line, err := s.text.ReadLine()
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(line, " ")
		if goOn := s.command(strings.ToUpper(verb), argument); !goOn {
			return
		}
	}
}

// command answers one command and reports whether the conversation goes on.
func (s *session) command(verb, argument string) bool {
	switch verb {
	case "EHLO":
		s.reply(s.extensions()...)
	case "HELO", "NOOP":
		s.reply("250 ok")
	case "RSET":
		s.from, s.to = "", nil
		s.reply("250 ok")
	case "STARTTLS":
		s.startTLS()
	case "AUTH":
		s.login(argument)
	case "MAIL":
		s.mail(argument)
	case "RCPT":
		s.recipient(argument)
	case "DATA":
		return s.data()
	case "QUIT":
		s.reply("221 bye")
		return false
	default:
		s.reply("500 unknown command")
	}
	return true
}

func (s *session) reply(lines ...string) {
	_ = s.text.PrintfLine("%s", strings.Join(lines, "\r\n"))
}

func (s *session) extensions() []string {
	lines := []string{"250-smtpsink"}
	if s.sink.certificate != nil && !s.secure {
		lines = append(lines, "250-STARTTLS")
	}
	if s.sink.username != "" {
		lines = append(lines, "250-AUTH PLAIN")
	}
	return append(lines, "250-8BITMIME", "250-SMTPUTF8", "250 ENHANCEDSTATUSCODES")
}

func (s *session) startTLS() {
	if s.sink.certificate == nil || s.secure {
		s.reply("502 not offered")
		return
	}
	s.reply("220 go ahead")
	s.encrypt()
	s.text = textproto.NewConn(s.conn)
}

func (s *session) login(argument string) {
	encoded, found := strings.CutPrefix(argument, "PLAIN ")
	credentials, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || string(credentials) != "\x00"+s.sink.username+"\x00"+s.sink.password {
		s.reply("535 5.7.8 wrong credentials")
		return
	}
	s.loggedIn = true
	s.reply("235 2.7.0 welcome")
}

func (s *session) mail(argument string) {
	s.sink.mu.Lock()
	refuse := s.sink.refuse
	s.sink.mu.Unlock()
	address, ok := path(argument, "FROM:")
	switch {
	case s.sink.username != "" && !s.loggedIn:
		s.reply("530 5.7.0 log in first")
	case refuse:
		s.reply("451 4.3.0 try later")
	case !ok || s.from != "":
		s.reply("501 5.5.4 what?")
	default:
		s.from = address
		s.reply("250 2.1.0 ok")
	}
}

func (s *session) recipient(argument string) {
	address, ok := path(argument, "TO:")
	s.sink.mu.Lock()
	rejected := s.sink.rejectAll || s.sink.rejected[address]
	s.sink.mu.Unlock()
	switch {
	case s.from == "":
		s.reply("503 5.5.1 MAIL first")
	case !ok:
		s.reply("501 5.5.4 what?")
	case rejected:
		s.reply("550 5.1.1 no such user: " + address)
	default:
		s.to = append(s.to, address)
		s.reply("250 2.1.5 ok")
	}
}

func (s *session) data() bool {
	if len(s.to) == 0 {
		s.reply("503 5.5.1 RCPT first")
		return true
	}
	s.reply("354 go ahead")
	raw, err := s.text.ReadDotBytes()
	if err != nil {
		return false
	}
	mail, err := parse(raw)
	if err != nil {
		s.reply("554 5.6.0 not a mail: " + err.Error())
		return true
	}
	mail.From, mail.To, mail.Encrypted = s.from, s.to, s.secure
	s.from, s.to = "", nil
	s.sink.mu.Lock()
	hangUp := s.sink.hangUp
	s.sink.mu.Unlock()
	s.reply("250 2.0.0 accepted") // first, as a test may take the server down once it has the mail
	s.sink.keep(mail)
	return !hangUp
}

// path reads the address in an argument like "FROM:<ann@example.org> SIZE=1".
func path(argument, prefix string) (string, bool) {
	if len(argument) < len(prefix) || !strings.EqualFold(argument[:len(prefix)], prefix) {
		return "", false
	}
	rest, open := strings.CutPrefix(strings.TrimSpace(argument[len(prefix):]), "<")
	address, _, closed := strings.Cut(rest, ">")
	return address, open && closed && address != ""
}
