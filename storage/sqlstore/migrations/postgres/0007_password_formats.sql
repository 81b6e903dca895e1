CREATE INDEX <passwords_hash> ON {passwords} (hash COLLATE "C");
