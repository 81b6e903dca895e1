package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"
)

// deliver opens a connection, sends the message and closes the connection, all
// before ctx ends.
func (s SMTP) deliver(ctx context.Context, message *gomail.Msg) error {
	return s.converse(ctx, message, func(client *gomail.Client, conversation *gosmtp.Client) error {
		err := client.SendWithSMTPClient(conversation, message)
		if !message.IsDelivered() {
			return sendError(ctx, err)
		}
		// The server has accepted the mail: an error from here on must not make the
		// outbox send it again.
		return nil
	})
}

// converse opens a connection for the message, calls f and closes the connection.
func (s SMTP) converse(ctx context.Context, message *gomail.Msg, f func(*gomail.Client, *gosmtp.Client) error) error {
	line := &line{smtp: s}
	defer line.Close()
	// Closing the connection ends a conversation with a server that does not
	// answer.
	defer context.AfterFunc(ctx, line.Close)()
	client, err := gomail.NewClient(s.host(), s.options(line, message)...)
	if err != nil {
		return &DeliveryError{Step: "configure", cause: err}
	}
	conversation, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return connectError(ctx, err)
	}
	if err := f(client, conversation); err != nil {
		return err
	}
	_ = client.CloseWithSMTPClient(conversation)
	return nil
}

func (s SMTP) options(line *line, message *gomail.Msg) []gomail.Option {
	_, port, _ := net.SplitHostPort(s.Addr)
	number, _ := strconv.Atoi(port) // Validate has checked it
	options := []gomail.Option{
		gomail.WithPort(number),
		gomail.WithTimeout(timeoutOr(s.Timeout)),
		gomail.WithTLSConfig(s.tlsConfig()),
		gomail.WithTLSPolicy(s.policy()),
		gomail.WithDialContextFunc(line.dial),
		gomail.WithoutNoop(),
		gomail.WithoutRset(),
	}
	if s.TLS == TLSImplicit {
		options = append(options, gomail.WithSSL())
	}
	if s.HelloName != "" {
		options = append(options, gomail.WithHELO(s.HelloName))
	}
	if s.Username != "" {
		options = append(options, gomail.WithUsername(s.Username), gomail.WithPassword(s.Password),
			gomail.WithOpportunisticSMTPAuth(s.logins()...))
	}
	// With SMTPUTF8 in use, servers that lack it refuse the mail, so it is used
	// only if needed.
	if to := message.GetTo(); len(to) == 1 && isASCII(to[0].Address) {
		options = append(options, gomail.WithoutSMTPUTF8())
	}
	return options
}

// plain reports whether the conversation is not encrypted, even if the server
// offers encryption.
func (s SMTP) plain() bool {
	return s.TLS == InsecureNoTLS || s.TLS == TLSRequired && isLoopback(s.host())
}

func (s SMTP) policy() gomail.TLSPolicy {
	switch {
	case s.plain():
		return gomail.NoTLS
	case s.TLS == InsecureOpportunisticTLS:
		return gomail.TLSOpportunistic
	}
	return gomail.TLSMandatory
}

func (s SMTP) logins() []gomail.SMTPAuthType {
	if s.plain() {
		return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
	}
	return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
}

func (s SMTP) tlsConfig() *tls.Config {
	config := &tls.Config{}
	if s.TLSConfig != nil {
		config = s.TLSConfig.Clone()
	}
	config.ServerName = cmp.Or(config.ServerName, s.host())
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return config
}

func connectError(ctx context.Context, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return &DeliveryError{Step: "connect", Code: answer.Code, cause: err}
	}
	if ended := ctx.Err(); ended != nil {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	detail := describeNetworkError(err)
	switch {
	case detail != "":
	case errors.Is(err, io.EOF):
		detail = "the server closed the connection"
	case errors.Is(err, gosmtp.ErrUnencrypted):
		detail = "the password was not sent over an unencrypted connection"
	default: // no recipient was sent yet
		detail = err.Error()
	}
	return &DeliveryError{Step: "connect", detail: detail, cause: err}
}

// steps names the parts of a transaction in which servers refuse mails.
var steps = map[gomail.SendErrReason]string{
	gomail.ErrSMTPMailFrom:  "sender",
	gomail.ErrSMTPRcptTo:    "recipient",
	gomail.ErrSMTPData:      "content",
	gomail.ErrWriteContent:  "content",
	gomail.ErrSMTPDataClose: "content",
}

func sendError(ctx context.Context, err error) error {
	failure := &DeliveryError{Step: "send", detail: describeNetworkError(ctx.Err()), cause: err}
	var refusal *gomail.SendError
	if !errors.As(err, &refusal) {
		return failure
	}
	failure.Step = cmp.Or(steps[refusal.Reason], failure.Step)
	failure.Code, failure.EnhancedCode = refusal.ErrorCode(), refusal.EnhancedStatusCode()
	failure.permanent = (failure.Step == "recipient" || failure.Step == "content") &&
		failure.Code/10 == 55 && !strings.HasPrefix(failure.EnhancedCode, "5.7.")
	return failure
}
