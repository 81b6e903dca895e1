CREATE TABLE {audit_events} (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	user_id TEXT NOT NULL,
	actor_id TEXT NOT NULL,
	session_id TEXT NOT NULL,
	ip TEXT NOT NULL,
	user_agent TEXT NOT NULL,
	details TEXT NOT NULL,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX <audit_events_time> ON {audit_events} (created_at, id);
CREATE INDEX <audit_events_user> ON {audit_events} (user_id, created_at, id);
CREATE INDEX <audit_events_actor> ON {audit_events} (actor_id, created_at, id);
CREATE INDEX <audit_events_expiry> ON {audit_events} (expires_at);
