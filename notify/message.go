package notify

import "context"

// Message is one mail to one recipient. Its texts may hold codes and links that
// open an account, which is why printing or logging a Message shows only its ID
// and Kind.
type Message struct {
	// ID stays the same when delivery is tried again. Senders make it the
	// Message-ID, so that a second copy can be recognised. It consists of ASCII
	// letters, digits and any of . _ + = -
	ID string
	// Kind names what the mail is about, such as "account/password_reset_key".
	Kind string
	// To is the bare address of the recipient, without a display name.
	To string
	// Subject is a single line.
	Subject string
	// Text is the plain form of the mail.
	Text string
	// HTML is the same in HTML. It may be empty.
	HTML string
}

// Mailer delivers mails. Implementations are safe for concurrent use, return
// soon after ctx ends, and wrap [ErrPermanent] when trying again is pointless.
type Mailer interface {
	Send(ctx context.Context, m Message) error
	// Validate reports settings that can never deliver a mail. New calls it once
	// and fails with its error. It returns nil where there is nothing to check.
	Validate() error
}

// The kinds of text messages. A login code is a verification code, too.
const (
	TextVerificationCode     = "verification_code"
	TextReauthenticationCode = "reauthentication_code"
	TextUnknownAccount       = "unknown_account"
	TextAccountAlreadyExists = "account_already_exists"
)

// TextMessage is one text message to one telephone. Its text may hold a code,
// which is why printing or logging a TextMessage shows only its ID and Kind.
type TextMessage struct {
	// ID stays the same when delivery is tried again.
	ID string
	// Kind is one of [TextVerificationCode], [TextReauthenticationCode],
	// [TextUnknownAccount] and [TextAccountAlreadyExists].
	Kind string
	// To is a number in E.164 form, such as +31201234567.
	To string
	// Text is what the telephone shows.
	Text string
}

// Texter delivers text messages. Implementations are safe for concurrent use,
// return soon after ctx ends, and wrap [ErrPermanent] when trying again is
// pointless.
type Texter interface {
	Text(ctx context.Context, m TextMessage) error
	// Validate reports settings that can never deliver a message. New calls it
	// once and fails with its error. It returns nil where there is nothing to
	// check.
	Validate() error
}
