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
// So a request never waits for a mail server, a message exists if and only if
// the change it is about does, and an outage or a crash delays messages instead
// of losing them. What lies in the store is encrypted.
//
// Any number of processes may work on one store. An entry is claimed for as long
// as a delivery may take, by one of them. A process that dies between
// the server's acceptance and the deletion of the entry leaves it to be
// delivered a second time, with the same id.
package outbox
