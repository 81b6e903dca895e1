CREATE TABLE IF NOT EXISTS {social_accounts} (
	id BIGINT AUTO_INCREMENT PRIMARY KEY,
	user_id VARBINARY(255) NOT NULL,
	provider VARBINARY(255) NOT NULL,
	uid VARBINARY(1020) NOT NULL,
	extra_data MEDIUMBLOB NOT NULL,
	token MEDIUMBLOB NOT NULL,
	created_at BIGINT NOT NULL,
	last_login BIGINT NOT NULL,
	UNIQUE (provider, uid),
	INDEX <social_accounts_user> (user_id)
) ENGINE=InnoDB;
