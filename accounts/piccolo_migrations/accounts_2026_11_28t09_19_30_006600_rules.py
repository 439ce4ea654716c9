"""A log-in writes the row of the user; no TRUNCATE by who sees the past."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T09:19:30:006600"
VERSION = "1.38.0"
DESCRIPTION = "A log-in writes the row of the user; no TRUNCATE by who sees the past"

FORWARDS = r"""
-- Nobody who is inactive gets one. A log-in and a deactivation of the same moment queue: otherwise the deactivation could
-- miss a session that is just being made. A lock would not do: a transaction that goes on seeing what was (REPEATABLE READ)
-- misses what was committed since, unless the user's row was written, too.
CREATE OR REPLACE FUNCTION begin_session() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    allowed boolean;
BEGIN
    UPDATE users SET active = active WHERE id = NEW.user_id RETURNING active INTO allowed;
    IF NOT allowed THEN
        RAISE EXCEPTION 'an inactive user cannot have a session'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sessions_user_active', TABLE = 'sessions';
    END IF;
    RETURN NEW;
END;
$$;

-- TRUNCATE takes everybody, so it is refused before it does, while there is an administrator to lose.
CREATE OR REPLACE FUNCTION refuse_user_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM require_read_committed();
    IF EXISTS (SELECT FROM users WHERE role = 'admin' AND active) THEN
        RAISE EXCEPTION 'the last active administrator cannot be deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin', TABLE = 'users';
    END IF;
    RETURN NULL;
END;
$$;
"""

BACKWARDS = r"""
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

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
