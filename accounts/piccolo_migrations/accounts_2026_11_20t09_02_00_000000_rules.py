"""The rules about users and their sessions."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-20T09:02:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The rules about users and their sessions"

# Warnings of `piccolo backoffice lint`, and why they need no heed here.
ACCEPTED = {
    "builds-index": "the tables were made just before, and are empty",
}

FORWARDS = r"""
-- As in the lists of the other apps: ordered by a column that many share, and by id among equals.
CREATE INDEX IF NOT EXISTS users_role_id ON users (role, id);

CREATE INDEX IF NOT EXISTS users_active_id ON users (active, id);

-- A new password or a deactivation ends every session of that user.
CREATE OR REPLACE FUNCTION end_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM sessions WHERE user_id = NEW.id;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER users_end_sessions
AFTER UPDATE ON users
FOR EACH ROW
WHEN (OLD.password IS DISTINCT FROM NEW.password OR (OLD.active AND NOT NEW.active))
EXECUTE FUNCTION end_sessions();

-- Nobody who is inactive gets one. The lock makes a log-in and a deactivation of the same moment queue: otherwise the
-- deactivation could miss a session that is just being made.
CREATE OR REPLACE FUNCTION begin_session() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    allowed boolean;
BEGIN
    SELECT active INTO allowed FROM users WHERE id = NEW.user_id FOR SHARE;
    IF NOT allowed THEN
        RAISE EXCEPTION 'an inactive user cannot have a session'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sessions_user_active', TABLE = 'sessions';
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER sessions_begin
BEFORE INSERT ON sessions
FOR EACH ROW EXECUTE FUNCTION begin_session();

-- E-mails are unique whatever their case.
CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (lower(email));

CREATE OR REPLACE TRIGGER users_touch
BEFORE UPDATE ON users
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- Somebody must be left who can let the others in.
CREATE OR REPLACE FUNCTION keep_last_admin() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    -- Two administrators who demote each other at the same moment must see each other's change.
    PERFORM pg_advisory_xact_lock(hashtext('users.last_admin'));
    IF NOT EXISTS (SELECT FROM users WHERE role = 'admin' AND active) THEN
        RAISE EXCEPTION 'the last active administrator cannot be deactivated, demoted or deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin', TABLE = 'users';
    END IF;
    IF current_setting('transaction_isolation') = 'read committed' THEN
        RETURN NULL;
    END IF;
    -- Others go on seeing what was. But a row that has changed since they cannot lock, and one that they lock stays.
    PERFORM FROM users WHERE role = 'admin' AND active LIMIT 1 FOR SHARE SKIP LOCKED;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another administrator is just being changed' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER users_keep_last_admin
AFTER UPDATE ON users
FOR EACH ROW
WHEN (OLD.role = 'admin' AND OLD.active AND NOT (NEW.role = 'admin' AND NEW.active))
EXECUTE FUNCTION keep_last_admin();

CREATE OR REPLACE TRIGGER users_keep_last_admin_on_delete
AFTER DELETE ON users
FOR EACH ROW
WHEN (OLD.role = 'admin' AND OLD.active)
EXECUTE FUNCTION keep_last_admin();

-- TRUNCATE takes everybody, so it is refused before it does, while there is an administrator to lose.
CREATE OR REPLACE FUNCTION refuse_user_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM users WHERE role = 'admin' AND active) THEN
        RAISE EXCEPTION 'the last active administrator cannot be deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin', TABLE = 'users';
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER users_refuse_truncate
BEFORE TRUNCATE ON users
FOR EACH STATEMENT EXECUTE FUNCTION refuse_user_truncate();
"""

BACKWARDS = r"""
DROP TRIGGER IF EXISTS users_refuse_truncate ON users;
DROP FUNCTION IF EXISTS refuse_user_truncate;
DROP TRIGGER IF EXISTS users_keep_last_admin_on_delete ON users;
DROP TRIGGER IF EXISTS users_keep_last_admin ON users;
DROP FUNCTION IF EXISTS keep_last_admin;
DROP TRIGGER IF EXISTS users_touch ON users;
DROP INDEX IF EXISTS users_email_key;
DROP TRIGGER IF EXISTS sessions_begin ON sessions;
DROP FUNCTION IF EXISTS begin_session;
DROP TRIGGER IF EXISTS users_end_sessions ON users;
DROP FUNCTION IF EXISTS end_sessions;
DROP INDEX IF EXISTS users_active_id;
DROP INDEX IF EXISTS users_role_id;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
