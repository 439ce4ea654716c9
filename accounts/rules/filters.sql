-- See the same file of crm.
CREATE INDEX IF NOT EXISTS users_parts ON users
USING gin (fragments(caseless(E'\n' || email || E'\n' || name || E'\n')));
