-- As in the lists of the other apps: ordered by a column that many share, and by id among equals.
CREATE INDEX IF NOT EXISTS users_name_sorted ON users (sort_key(name) COLLATE "C", id);
CREATE INDEX IF NOT EXISTS users_role_id ON users (role, id);
CREATE INDEX IF NOT EXISTS users_active_id ON users (active, id);
