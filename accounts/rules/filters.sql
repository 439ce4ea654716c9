-- See the same file of crm.
CREATE INDEX IF NOT EXISTS users_fragments ON users USING gin (fragments(caseless(email || ' ' || name)));
