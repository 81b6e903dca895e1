CREATE TABLE {rate_limits} (
	id TEXT COLLATE "C" PRIMARY KEY,
	hits TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX <rate_limits_expiry> ON {rate_limits} (expires_at);
