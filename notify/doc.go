// Package notify sends mails and text messages.
//
// A [Mailer] or a [Texter] delivers one message, now, or says why not. The
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
// Flows never call these themselves. They write messages to an outbox, whose
// rows a [Store] keeps, in the transaction that the message is about. A worker
// delivers from there, and tries again after an outage. A message is therefore
// delivered at least once: a connection lost at the wrong moment can lead to a
// second copy, which carries the same id.
package notify
