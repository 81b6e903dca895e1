CREATE TABLE IF NOT EXISTS {refresh_tokens} (
	id VARBINARY(255) PRIMARY KEY,
	session_id VARBINARY(255) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	spent_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	INDEX <refresh_tokens_user> (user_id),
	INDEX <refresh_tokens_expiry> (expires_at)
) ENGINE=InnoDB;
