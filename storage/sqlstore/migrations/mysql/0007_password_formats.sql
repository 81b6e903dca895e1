CREATE INDEX <passwords_hash> ON {passwords} (hash);
