CREATE TABLE {users} (
	id INTEGER PRIMARY KEY,
	username TEXT NOT NULL,
	display TEXT NOT NULL,
	disabled INTEGER NOT NULL DEFAULT 0,
	extra TEXT NOT NULL,
	created_at INTEGER NOT NULL
);
CREATE TABLE {usernames} (
	name TEXT PRIMARY KEY,
	user_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX <usernames_user> ON {usernames} (user_id);
CREATE TABLE {passwords} (
	user_id TEXT PRIMARY KEY,
	hash TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE {emails} (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id TEXT NOT NULL,
	email TEXT NOT NULL,
	verified INTEGER NOT NULL,
	is_primary INTEGER NOT NULL,
	claim TEXT UNIQUE,
	created_at INTEGER NOT NULL,
	UNIQUE (user_id, email)
);
CREATE INDEX <emails_email> ON {emails} (email);
CREATE TABLE {phones} (
	user_id TEXT PRIMARY KEY,
	number TEXT NOT NULL,
	verified INTEGER NOT NULL,
	claim TEXT UNIQUE
);
CREATE INDEX <phones_number> ON {phones} (number);
CREATE TABLE {challenges} (
	id TEXT PRIMARY KEY,
	purpose TEXT NOT NULL,
	user_id TEXT NOT NULL,
	subject TEXT NOT NULL,
	hash BLOB NOT NULL,
	data BLOB,
	attempts INTEGER NOT NULL,
	max_attempts INTEGER NOT NULL,
	resends INTEGER NOT NULL,
	changes INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX <challenges_user> ON {challenges} (user_id, purpose);
CREATE INDEX <challenges_expiry> ON {challenges} (expires_at);
CREATE TABLE {sessions} (
	id INTEGER PRIMARY KEY,
	token_hash TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	user_id TEXT NOT NULL,
	auth_hash TEXT NOT NULL,
	ip TEXT NOT NULL,
	user_agent TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	last_seen_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	data BLOB
);
CREATE INDEX <sessions_user> ON {sessions} (user_id, created_at);
CREATE INDEX <sessions_expiry> ON {sessions} (expires_at);
CREATE TABLE {outbox} (
	id TEXT PRIMARY KEY,
	channel TEXT NOT NULL,
	payload BLOB NOT NULL,
	attempts INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	not_before INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
);
CREATE INDEX <outbox_due> ON {outbox} (not_before);
