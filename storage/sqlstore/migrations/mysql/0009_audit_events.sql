CREATE TABLE IF NOT EXISTS {audit_events} (
	id VARBINARY(255) PRIMARY KEY,
	name VARBINARY(255) NOT NULL,
	created_at BIGINT NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	actor_id VARBINARY(255) NOT NULL,
	session_id VARBINARY(255) NOT NULL,
	ip VARBINARY(255) NOT NULL,
	user_agent VARBINARY(1020) NOT NULL,
	details MEDIUMBLOB NOT NULL,
	expires_at BIGINT NOT NULL,
	INDEX <audit_events_time> (created_at, id),
	INDEX <audit_events_user> (user_id, created_at, id),
	INDEX <audit_events_actor> (actor_id, created_at, id),
	INDEX <audit_events_expiry> (expires_at)
) ENGINE=InnoDB;
