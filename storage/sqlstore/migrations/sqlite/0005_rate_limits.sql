CREATE TABLE {rate_limits} (
	id TEXT PRIMARY KEY,
	hits TEXT NOT NULL,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX <rate_limits_expiry> ON {rate_limits} (expires_at);
