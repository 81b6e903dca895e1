// Package notify sends mails and text messages.
//
// A [Mailer] or a [Texter] delivers one message, or returns why it could not. The
// package has an SMTP client, a webhook for text messages, and a log for demos:
//
//	mailer := notify.SMTP{
//		Addr:     "smtp.example.com:587",
//		From:     "Example <hello@example.com>",
//		Username: "hello@example.com",
//		Password: os.Getenv("SMTP_PASSWORD"),
//	}
//	if err := mailer.Validate(); err != nil {
//		log.Fatal(err)
//	}
//
// The library writes messages to an outbox, which is kept in a [Store], in the
// transaction that the message is about. A worker delivers them, and tries again
// after an outage. A message is therefore delivered at least once: if a
// connection is lost at the wrong moment, a second copy with the same id can be
// delivered.
package notify
