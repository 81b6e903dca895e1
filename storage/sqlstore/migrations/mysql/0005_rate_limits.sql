CREATE TABLE IF NOT EXISTS {rate_limits} (
	id VARBINARY(1020) PRIMARY KEY,
	hits MEDIUMBLOB NOT NULL,
	expires_at BIGINT NOT NULL,
	INDEX <rate_limits_expiry> (expires_at)
) ENGINE=InnoDB;
