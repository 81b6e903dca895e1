package audit

import "time"

// Config turns the audit trail on. The zero value is complete.
type Config struct {
	// Retention is how long an event is kept. Auth.Clean deletes older ones. A
	// change applies to later events. Zero: 365 days.
	Retention time.Duration
	// ShowToUsers serves GET account/activity, where users read the events of
	// their own account.
	ShowToUsers bool
}
