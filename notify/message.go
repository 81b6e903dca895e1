package notify

import "context"

// Message is a mail to one recipient. Its texts and Data may contain codes and
// links that log in, so printing or logging a Message shows only its ID and Kind.
type Message struct {
	// ID stays the same when delivery is retried. Senders use it as the
	// Message-ID, so that mail servers can recognize a second copy. It consists
	// of ASCII letters, digits and any of . _ + = -
	ID string
	// Kind names the subject matter, such as "account/password_reset_key".
	Kind string
	// To is the email address of the recipient, without a display name.
	To string
	// UserID is the user to whom the mail is addressed. It is empty if there is
	// none, as in mails about missing accounts, and in mails that must not tell.
	UserID string
	// Language is the language of the texts, a BCP 47 tag.
	Language string
	// Subject is a single line.
	Subject string
	// Text is the text part of the mail.
	Text string
	// HTML is the HTML part of the mail. It may be empty.
	HTML string
	// Data are the values of the texts by name, for hosts that render mails
	// themselves; docs/mails.md lists them. Timestamp is in RFC 3339, ExpiresIn in
	// seconds. Code, Key and URL are secrets; the other values may be personal.
	Data map[string]string
}

// Mailer delivers mails. Implementations must be safe for concurrent use, return
// soon after ctx ends, and wrap [ErrPermanent] if trying again is pointless.
type Mailer interface {
	Send(ctx context.Context, m Message) error
	// Validate returns an error if the settings cannot deliver mails. allauth.New
	// calls it once and returns its error. Without settings to check it returns
	// nil.
	Validate() error
}

// The kinds of text messages. A login code is a verification code, too.
const (
	TextVerificationCode     = "verification_code"
	TextReauthenticationCode = "reauthentication_code"
	TextUnknownAccount       = "unknown_account"
	TextAccountAlreadyExists = "account_already_exists"
)

// TextMessage is a text message to one phone number. Its text may contain a code,
// so printing or logging a TextMessage shows only its ID and Kind.
type TextMessage struct {
	// ID stays the same when delivery is retried.
	ID string
	// Kind is one of [TextVerificationCode], [TextReauthenticationCode],
	// [TextUnknownAccount] and [TextAccountAlreadyExists].
	Kind string
	// To is a phone number in E.164 form, such as +31201234567.
	To string
	// UserID and Language are those of a [Message].
	UserID, Language string
	// Text is the text of the message.
	Text string
	// Data are the values of the text, see [Message].
	Data map[string]string
}

// Texter delivers text messages. Implementations must be safe for concurrent use,
// return soon after ctx ends, and wrap [ErrPermanent] if trying again is
// pointless.
type Texter interface {
	Text(ctx context.Context, m TextMessage) error
	// Validate returns an error if the settings cannot deliver messages.
	// allauth.New calls it once and returns its error. Without settings to check
	// it returns nil.
	Validate() error
}
