CREATE TABLE {audit_events} (
	id TEXT COLLATE "C" PRIMARY KEY,
	name TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	user_id TEXT COLLATE "C" NOT NULL,
	actor_id TEXT COLLATE "C" NOT NULL,
	session_id TEXT NOT NULL,
	ip TEXT NOT NULL,
	user_agent TEXT NOT NULL,
	details TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX <audit_events_time> ON {audit_events} (created_at, id);
CREATE INDEX <audit_events_user> ON {audit_events} (user_id, created_at, id);
CREATE INDEX <audit_events_actor> ON {audit_events} (actor_id, created_at, id);
CREATE INDEX <audit_events_expiry> ON {audit_events} (expires_at);
