// Package outbox delivers messages outside the requests that cause them.
//
// A flow writes a message in its own transaction, and wakes the worker after
// the commit:
//
//	err := store.InTx(ctx, func(ctx context.Context) error {
//		// ... change something ...
//		return box.Mail(ctx, message, now.Add(15*time.Minute))
//	})
//	if err == nil {
//		box.Wake()
//	}
//
// A request does not wait for the mail server, a message is stored if and only if the
// change that it is about is committed, and an outage or a crash delays messages but
// does not lose them. Stored messages are encrypted.
//
// Any number of processes can share one store. One of them claims an entry, for as long
// as a delivery may take. If the process crashes after the mail server has accepted the
// message and before the entry is deleted, the message is sent again with the same id.
package outbox
