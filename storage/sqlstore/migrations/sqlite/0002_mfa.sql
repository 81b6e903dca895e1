CREATE TABLE {authenticators} (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id TEXT NOT NULL,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	claim TEXT NOT NULL UNIQUE,
	data BLOB NOT NULL,
	counter INTEGER NOT NULL,
	version INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL
);
CREATE INDEX <authenticators_user> ON {authenticators} (user_id);
