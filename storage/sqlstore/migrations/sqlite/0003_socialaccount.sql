CREATE TABLE {social_accounts} (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id TEXT NOT NULL,
	provider TEXT NOT NULL,
	uid TEXT NOT NULL,
	extra_data BLOB NOT NULL,
	token BLOB NOT NULL,
	created_at INTEGER NOT NULL,
	last_login INTEGER NOT NULL,
	UNIQUE (provider, uid)
);
CREATE INDEX <social_accounts_user> ON {social_accounts} (user_id);
