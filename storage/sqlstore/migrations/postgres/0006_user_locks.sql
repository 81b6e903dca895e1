CREATE TABLE {user_locks} (
	user_id TEXT COLLATE "C" PRIMARY KEY
);
