CREATE INDEX <users_created> ON {users} (created_at, id);
CREATE INDEX <users_disabled> ON {users} (disabled, created_at, id);
CREATE INDEX <emails_prefix> ON {emails} (email, user_id);
CREATE TABLE IF NOT EXISTS {deletions} (
	user_id VARBINARY(255) PRIMARY KEY,
	requested_at BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	INDEX <deletions_due> (due_at)
) ENGINE=InnoDB;
