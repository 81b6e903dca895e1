CREATE TABLE {refresh_tokens} (
	id TEXT COLLATE "C" PRIMARY KEY,
	session_id TEXT COLLATE "C" NOT NULL,
	user_id TEXT COLLATE "C" NOT NULL,
	spent_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX <refresh_tokens_user> ON {refresh_tokens} (user_id);
CREATE INDEX <refresh_tokens_expiry> ON {refresh_tokens} (expires_at);
