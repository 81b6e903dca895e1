CREATE INDEX <users_created> ON {users} (created_at, id);
CREATE INDEX <users_disabled> ON {users} (disabled, created_at, id);
CREATE INDEX <usernames_prefix> ON {usernames} (name COLLATE "C", user_id COLLATE "C");
CREATE INDEX <emails_prefix> ON {emails} (email COLLATE "C", user_id COLLATE "C");
CREATE INDEX <phones_prefix> ON {phones} (number COLLATE "C", user_id COLLATE "C");
CREATE TABLE {deletions} (
	user_id TEXT PRIMARY KEY,
	requested_at BIGINT NOT NULL,
	due_at BIGINT NOT NULL
);
CREATE INDEX <deletions_due> ON {deletions} (due_at);
