package notify

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// compose builds the mail. It refuses everything that could add a header or a
// recipient.
func (s SMTP) compose(m Message) (*gomail.Msg, error) {
	from, err := s.sender()
	if err != nil {
		return nil, err
	}
	switch {
	case !isMessageID(m.ID):
		return nil, refuse("the ID is empty or holds a character that a Message-ID cannot")
	case !isBareAddress(m.To):
		return nil, refuse("the recipient is not a single bare address")
	case hasControl(m.Subject):
		return nil, refuse("the subject holds a control character")
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(from)
	message.ToMailAddress(&mail.Address{Address: m.To})
	message.Subject(m.Subject)
	message.SetDate()
	message.SetMessageIDWithValue(m.ID + from.Address[strings.LastIndexByte(from.Address, '@'):])
	// RFC 3834: prevents out-of-office replies. The second header is for
	// Exchange.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	if recipients, err := message.GetRecipients(); err != nil || len(recipients) != 1 {
		return nil, fmt.Errorf("notify: compose mail: %w", refuse("it does not have exactly one recipient"))
	}
	return message, nil
}

// isBareAddress reports whether an address needs neither quotes nor escapes in a
// header and in an SMTP command: dots, letters and the like around a single @.
func isBareAddress(address string) bool {
	if len(address) > 320 || !utf8.ValidString(address) || strings.Count(address, "@") != 1 ||
		strings.ContainsAny(address, "<>()[],;:\\\"") || strings.ContainsFunc(address, unicode.IsSpace) || hasControl(address) {
		return false
	}
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Name == "" && parsed.Address == address
}

// isMessageID reports whether an ID is a dot-atom of RFC 5322 with characters
// that no server changes.
func isMessageID(id string) bool {
	if id == "" || len(id) > 200 || strings.HasPrefix(id, ".") || strings.HasSuffix(id, ".") || strings.Contains(id, "..") {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+=-", r))
	})
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}
