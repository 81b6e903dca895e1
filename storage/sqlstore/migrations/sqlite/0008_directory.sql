CREATE INDEX <users_created> ON {users} (created_at, id);
CREATE INDEX <users_disabled> ON {users} (disabled, created_at, id);
CREATE TABLE {deletions} (
	user_id TEXT PRIMARY KEY,
	requested_at INTEGER NOT NULL,
	due_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX <deletions_due> ON {deletions} (due_at);
