CREATE TABLE {refresh_tokens} (
	id TEXT PRIMARY KEY,
	session_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	spent_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX <refresh_tokens_user> ON {refresh_tokens} (user_id);
CREATE INDEX <refresh_tokens_expiry> ON {refresh_tokens} (expires_at);
