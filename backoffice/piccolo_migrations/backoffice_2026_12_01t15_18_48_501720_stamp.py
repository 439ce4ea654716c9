"""Functions of the audit trail that keep their plans."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-12-01T15:18:48:501720"
VERSION = "1.38.0"
DESCRIPTION = "Functions of the audit trail that keep their plans"

FORWARDS = r"""
DROP FUNCTION IF EXISTS audit_stamp;
-- The audit trail: one entry for each row that a statement created, changed or deleted, whoever sent it, in the same
-- transaction. A table is watched by the four triggers that crm/rules/audit_trail.sql shows.

-- Who acts. The application says so, for one transaction, in the setting audit.actor; whoever else writes is known by
-- the role that logged in, which no session can choose for itself.
CREATE OR REPLACE FUNCTION audit_stamp(
    OUT happened_at timestamptz, OUT who text, OUT user_id uuid, OUT database_role text, OUT request_id text
)
LANGUAGE plpgsql -- SQL would be read and planned anew for each statement
AS $$
DECLARE
    -- Once it was set, it is empty in later transactions of the session.
    actor jsonb := nullif(current_setting('audit.actor', true), '');
BEGIN
    happened_at := clock_timestamp();
    who := coalesce(actor ->> 'who', session_user);
    user_id := actor ->> 'user_id';
    database_role := session_user;
    request_id := actor ->> 'request_id';
END;
$$;

CREATE OR REPLACE FUNCTION record_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
SET plan_cache_mode = force_generic_plan -- planning costs more than the entry for one row
AS $$
DECLARE
    secret text[] := TG_ARGV[1];
    unheeded text[] := TG_ARGV[2];
BEGIN
    INSERT INTO audit_trail (
        happened_at, who, user_id, database_role, request_id, table_name, action, row_id, row_name, changes
    )
    SELECT stamp.*, TG_TABLE_NAME, entry.*
    FROM audit_stamp() AS stamp, (
        -- A row that got another id is two rows: one that is gone, and one that is new.
        SELECT CASE WHEN was IS NULL THEN 'created' WHEN is_now IS NULL THEN 'deleted' ELSE 'changed' END::audit_action,
               (coalesce(is_now, was) ->> 'id')::uuid,
               left(coalesce(is_now, was) ->> TG_ARGV[0], 255),
               CASE WHEN is_now IS NULL
                    THEN (SELECT jsonb_object_agg(column_name, before_and_after) FROM audit_losses(was, secret))
                    ELSE (SELECT jsonb_object_agg(column_name, before_and_after)
                          FROM audit_differences(was, is_now, unheeded, secret)) END
        FROM (
            SELECT to_jsonb(a), to_jsonb(b)
            FROM old_rows AS a FULL JOIN new_rows AS b ON b.id = a.id
            WHERE a IS DISTINCT FROM b
            OFFSET 0 -- or the rows would become JSON at each mention
        ) AS pair (was, is_now)
        OFFSET 0 -- or what differs would be found out twice
    ) AS entry (action, row_id, row_name, changes)
    WHERE entry.action <> 'changed' OR entry.changes IS NOT NULL;
    RETURN NULL;
END;
$$;
"""

BACKWARDS = r"""
CREATE OR REPLACE FUNCTION record_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
SET plan_cache_mode = force_generic_plan -- planning costs more than the entry for one row
AS $$
DECLARE
    secret text[] := TG_ARGV[1];
    unheeded text[] := TG_ARGV[2];
BEGIN
    INSERT INTO audit_trail (
        happened_at, who, user_id, database_role, request_id, table_name, action, row_id, row_name, changes
    )
    SELECT stamp.*, TG_TABLE_NAME, entry.*
    FROM audit_stamp() AS stamp, (
        -- A row that got another id is two rows: one that is gone, and one that is new.
        SELECT CASE WHEN was IS NULL THEN 'created' WHEN is_now IS NULL THEN 'deleted' ELSE 'changed' END::audit_action,
               (coalesce(is_now, was) ->> 'id')::uuid,
               left(coalesce(is_now, was) ->> TG_ARGV[0], 255),
               CASE WHEN is_now IS NULL
                    THEN (SELECT jsonb_object_agg(column_name, before_and_after) FROM audit_losses(was, secret))
                    ELSE (SELECT jsonb_object_agg(column_name, before_and_after)
                          FROM audit_differences(was, is_now, unheeded, secret)) END
        FROM (
            SELECT to_jsonb(a), to_jsonb(b)
            FROM old_rows AS a FULL JOIN new_rows AS b ON b.id = a.id
            WHERE a IS DISTINCT FROM b
            OFFSET 0 -- or the rows would become JSON at each mention
        ) AS pair (was, is_now)
    ) AS entry (action, row_id, row_name, changes)
    WHERE entry.action <> 'changed' OR entry.changes IS NOT NULL;
    RETURN NULL;
END;
$$;

DROP FUNCTION IF EXISTS audit_stamp;
-- The audit trail: one entry for each row that a statement created, changed or deleted, whoever sent it, in the same
-- transaction. A table is watched by the four triggers that crm/rules/audit_trail.sql shows.

-- Who acts. The application says so, for one transaction, in the setting audit.actor; whoever else writes is known by
-- the role that logged in, which no session can choose for itself.
CREATE OR REPLACE FUNCTION audit_stamp() RETURNS TABLE (
    happened_at timestamptz, who text, user_id uuid, database_role text, request_id text
)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT clock_timestamp(), coalesce(actor ->> 'who', session_user), (actor ->> 'user_id')::uuid, session_user,
           actor ->> 'request_id'
    -- Once it was set, it is empty in later transactions of the session.
    FROM (SELECT nullif(current_setting('audit.actor', true), '')::jsonb) AS setting (actor);
END;

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
