CREATE TABLE IF NOT EXISTS {users} (
	id BIGINT PRIMARY KEY,
	username VARBINARY(1020) NOT NULL,
	display MEDIUMBLOB NOT NULL,
	disabled TINYINT(1) NOT NULL DEFAULT 0,
	extra MEDIUMBLOB NOT NULL,
	created_at BIGINT NOT NULL
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS {usernames} (
	name VARBINARY(1020) PRIMARY KEY,
	user_id VARBINARY(255) NOT NULL,
	INDEX <usernames_user> (user_id)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS {passwords} (
	user_id VARBINARY(255) PRIMARY KEY,
	hash VARBINARY(2000) NOT NULL
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS {emails} (
	id BIGINT AUTO_INCREMENT PRIMARY KEY,
	user_id VARBINARY(255) NOT NULL,
	email VARBINARY(1020) NOT NULL,
	verified TINYINT(1) NOT NULL,
	is_primary TINYINT(1) NOT NULL,
	claim VARBINARY(1020) UNIQUE,
	created_at BIGINT NOT NULL,
	UNIQUE (user_id, email),
	INDEX <emails_email> (email)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS {phones} (
	user_id VARBINARY(255) PRIMARY KEY,
	number VARBINARY(255) NOT NULL,
	verified TINYINT(1) NOT NULL,
	claim VARBINARY(255) UNIQUE,
	INDEX <phones_number> (number)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS {challenges} (
	id VARBINARY(255) PRIMARY KEY,
	purpose VARBINARY(255) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	subject MEDIUMBLOB NOT NULL,
	hash VARBINARY(255) NOT NULL,
	data MEDIUMBLOB,
	attempts INTEGER NOT NULL,
	max_attempts INTEGER NOT NULL,
	resends INTEGER NOT NULL,
	changes INTEGER NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	INDEX <challenges_user> (user_id, purpose),
	INDEX <challenges_expiry> (expires_at)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS {sessions} (
	id BIGINT PRIMARY KEY,
	token_hash VARBINARY(255) NOT NULL UNIQUE,
	kind VARBINARY(255) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	auth_hash VARBINARY(255) NOT NULL,
	ip VARBINARY(255) NOT NULL,
	user_agent VARBINARY(1020) NOT NULL,
	created_at BIGINT NOT NULL,
	last_seen_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	data MEDIUMBLOB,
	INDEX <sessions_user> (user_id, created_at),
	INDEX <sessions_expiry> (expires_at)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS {outbox} (
	id VARBINARY(255) PRIMARY KEY,
	channel VARBINARY(255) NOT NULL,
	payload MEDIUMBLOB NOT NULL,
	attempts INTEGER NOT NULL,
	created_at BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	INDEX <outbox_due> (not_before)
) ENGINE=InnoDB;
