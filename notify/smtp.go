package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/mail"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"
)

// TLSPolicy says how connections to a mail server are encrypted.
type TLSPolicy int

const (
	// TLSRequired upgrades the connection with STARTTLS, and sends nothing if the
	// server does not support it. Connections to a loopback address are not
	// encrypted.
	TLSRequired TLSPolicy = iota
	// TLSImplicit encrypts from the first byte, usually on port 465.
	TLSImplicit
	// InsecureOpportunisticTLS upgrades the connection if the server offers it.
	// An attacker who controls the network can remove the offer and read all
	// mails. A password is not sent over an unencrypted connection.
	InsecureOpportunisticTLS
	// InsecureNoTLS sends mails, and the password, without encryption.
	InsecureNoTLS
)

// SMTP delivers mails through a mail server, with one connection per mail (RFC
// 5321). It is safe for concurrent use.
type SMTP struct {
	// Addr is the server's host and port, such as "smtp.example.com:587".
	Addr string
	// From is the sender, such as "hello@example.com" or "Example
	// <hello@example.com>". It is also the envelope sender.
	From string
	// Username and Password authenticate to the server. Both empty: no
	// authentication.
	Username, Password string
	// TLS says how the connection is encrypted. The zero value is the safe
	// choice.
	TLS TLSPolicy
	// TLSConfig may add certificate authorities or a client certificate. Nil: the
	// system's authorities and at least TLS 1.2.
	TLSConfig *tls.Config
	// Timeout bounds one delivery, from dialling to the last response. Zero:
	// [DefaultTimeout].
	Timeout time.Duration
	// HelloName is the host name that the client sends. Empty: the machine's
	// name.
	HelloName string

	// dial replaces the network in tests.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Validate returns an error that names the first field that is wrong, and the
// fix. It does not connect to the server.
func (s SMTP) Validate() error {
	_, port, err := net.SplitHostPort(s.Addr)
	number, portErr := strconv.Atoi(port)
	_, fromErr := s.sender()
	switch {
	case s.Addr == "":
		return errors.New("notify: SMTP.Addr is empty: set it to the mail server's host and port, like smtp.example.com:587")
	case err != nil || portErr != nil || number < 1 || number > 65535 || s.host() == "" || hasControl(s.Addr):
		return errors.New("notify: SMTP.Addr is not a host and a port: write it like smtp.example.com:587")
	case fromErr != nil:
		return fromErr
	case (s.Username == "") != (s.Password == ""):
		return errors.New("notify: SMTP.Username and SMTP.Password belong together: set both or neither")
	case s.TLS < TLSRequired || s.TLS > InsecureNoTLS:
		return errors.New("notify: SMTP.TLS is unknown: leave it zero or use one of the TLSPolicy constants")
	case number == 465 && s.TLS == TLSRequired && !isLoopback(s.host()):
		return errors.New("notify: SMTP.TLS does not fit port 465, which is encrypted from the first byte: set TLS to notify.TLSImplicit, or use port 587")
	case s.Timeout < 0:
		return errors.New("notify: SMTP.Timeout is negative: leave it zero for 10 seconds")
	case hasControl(s.HelloName):
		return errors.New("notify: SMTP.HelloName holds a control character: set it to a host name, or leave it empty")
	}
	return nil
}

// Send delivers m. It returns a [*DeliveryError], or an error of Validate. A 55x
// status for the recipient or the content is permanent, unless the enhanced
// status is 5.7.x: that is a policy, which a change of configuration may lift.
func (s SMTP) Send(ctx context.Context, m Message) error {
	if err := s.Validate(); err != nil {
		return err
	}
	message, err := s.compose(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeoutOr(s.Timeout))
	defer cancel()
	return s.deliver(ctx, message)
}

// Check connects and authenticates to the server, and sends nothing. It returns a
// [*DeliveryError], or an error of Validate.
func (s SMTP) Check(ctx context.Context) error {
	if err := s.Validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeoutOr(s.Timeout))
	defer cancel()
	return s.converse(ctx, gomail.NewMsg(), func(*gomail.Client, *gosmtp.Client) error { return nil })
}

func (s SMTP) host() string {
	host, _, _ := net.SplitHostPort(s.Addr)
	return host
}

// sender returns From, parsed.
func (s SMTP) sender() (*mail.Address, error) {
	if s.From == "" {
		return nil, errors.New("notify: SMTP.From is empty: set it to the sender, like hello@example.com")
	}
	from, err := mail.ParseAddress(s.From)
	if err != nil || hasControl(s.From) || !isBareAddress(from.Address) || !isASCII(from.Address) {
		return nil, errors.New("notify: SMTP.From is not an email address: write it like hello@example.com or Example <hello@example.com>, with an international domain in its xn-- form")
	}
	return from, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
