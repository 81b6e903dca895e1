// Package smtpsink is a mail server for tests. It speaks real SMTP on a real
// port, keeps what it accepts, and can be made to misbehave:
//
//	sink := smtpsink.Start(t)
//	mailer := notify.SMTP{Addr: sink.Addr, From: "app@example.com"}
//	// ... the code under test sends a mail ...
//	mail := sink.Wait(t, "ann@example.org", 1)[0]
//	code := mail.Code()
//
//	sink.Down() // an outage; Up ends it, on the same address
package smtpsink
