-- See the same file of crm.
CREATE INDEX IF NOT EXISTS users_text_fragments ON users USING gin (text_fragments(caseless(email || ' ' || name)));
