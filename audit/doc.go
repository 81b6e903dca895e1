// Package audit keeps the events of the library as rows, in the transaction of the
// change that they are about.
//
//	auth, err := allauth.New(allauth.Config{
//		Audit: &audit.Config{Retention: 90 * 24 * time.Hour},
//	}, store)
//	events, next, err := auth.AuditEvents(ctx, audit.Filter{UserID: user.ID})
package audit
