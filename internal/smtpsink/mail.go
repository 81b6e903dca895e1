package smtpsink

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

// Mail is a mail that the server accepted.
type Mail struct {
	// From and To are the addresses of the envelope.
	From string
	To   []string
	// Encrypted is whether it came over TLS.
	Encrypted bool
	// Header holds the headers as they were sent.
	Header mail.Header
	// Subject is decoded.
	Subject string
	// Text and HTML are the decoded parts, empty if missing.
	Text string
	HTML string
}

var codeLine = regexp.MustCompile(`(?m)^[ \t]*([A-Z0-9-]{4,12})[ \t]*$`)

// Code returns the code that stands alone on a line of the text, or "".
func (m Mail) Code() string {
	if match := codeLine.FindStringSubmatch(m.Text); match != nil {
		return match[1]
	}
	return ""
}

// Link returns what the regular expression matches in the text: its first group
// if it has one, or all of it. It returns "" if nothing matches and panics on a
// pattern that is not a regular expression.
func (m Mail) Link(pattern string) string {
	match := regexp.MustCompile(pattern).FindStringSubmatch(m.Text)
	switch len(match) {
	case 0:
		return ""
	case 1:
		return match[0]
	}
	return match[1]
}

// parse reads a mail as it was sent.
func parse(raw []byte) (Mail, error) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("read headers: %w", err)
	}
	m := Mail{Header: message.Header}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return Mail{}, fmt.Errorf("decode subject: %w", err)
	}
	return m, m.read(textproto.MIMEHeader(message.Header), message.Body)
}

// read takes the texts from a body, or from each part of one.
func (m *Mail) read(header textproto.MIMEHeader, body io.Reader) error {
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		return m.readParts(multipart.NewReader(body, parameters["boundary"]))
	}
	content, err := io.ReadAll(decoded(header.Get("Content-Transfer-Encoding"), body))
	if err != nil {
		return fmt.Errorf("decode %s: %w", kind, err)
	}
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	switch kind {
	case "text/plain":
		m.Text += text
	case "text/html":
		m.HTML += text
	}
	return nil
}

func (m *Mail) readParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("next part: %w", err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "multipart/") {
			return fmt.Errorf("nested multipart")
		}
		if err := m.read(part.Header, part); err != nil {
			return err
		}
	}
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}
