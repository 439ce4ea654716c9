"""Times in the trail's entries do not depend on the time zone of whoever writes."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-30T18:21:33:436564"
VERSION = "1.38.0"
DESCRIPTION = "Times of any zone"

FORWARDS = r"""
CREATE OR REPLACE FUNCTION record_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
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
        SELECT CASE WHEN a IS NULL THEN 'created' WHEN b IS NULL THEN 'deleted' ELSE 'changed' END::audit_action,
               coalesce(a.id, b.id),
               left(coalesce(to_jsonb(b), to_jsonb(a)) ->> TG_ARGV[0], 255),
               CASE WHEN a IS NULL THEN NULL
                    WHEN b IS NULL THEN audit_loss(to_jsonb(a), secret)
                    ELSE audit_changes(to_jsonb(a), to_jsonb(b), unheeded, secret) END
        FROM old_rows AS a FULL JOIN new_rows AS b ON b.id = a.id
        WHERE a IS DISTINCT FROM b
    ) AS entry (action, row_id, row_name, changes)
    WHERE entry.action <> 'changed' OR entry.changes IS NOT NULL;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION record_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
BEGIN
    INSERT INTO audit_trail (
        happened_at, who, user_id, database_role, request_id, table_name, action, row_id, row_name, changes
    )
    SELECT stamp.*, TG_TABLE_NAME, 'deleted', id, left(to_jsonb(a) ->> TG_ARGV[0], 255),
           audit_loss(to_jsonb(a), TG_ARGV[1]::text[])
    FROM audit_stamp() AS stamp, old_rows AS a;
    RETURN NULL;
END;
$$;

-- Before it happens: afterwards nobody can say what there was.
CREATE OR REPLACE FUNCTION record_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO audit_trail (
            happened_at, who, user_id, database_role, request_id, table_name, action, row_id, row_name, changes
        )
        SELECT stamp.*, $1, ''deleted'', id, left(to_jsonb(a) ->> $2, 255), audit_loss(to_jsonb(a), $3)
        FROM audit_stamp() AS stamp, %s AS a',
        TG_RELID::regclass
    ) USING TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]::text[];
    RETURN NULL;
END;
$$;
"""

BACKWARDS = r"""
-- Before it happens: afterwards nobody can say what there was.
CREATE OR REPLACE FUNCTION record_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO audit_trail (
            happened_at, who, user_id, database_role, request_id, table_name, action, row_id, row_name, changes
        )
        SELECT stamp.*, $1, ''deleted'', id, left(to_jsonb(a) ->> $2, 255), audit_loss(to_jsonb(a), $3)
        FROM audit_stamp() AS stamp, %s AS a',
        TG_RELID::regclass
    ) USING TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]::text[];
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION record_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO audit_trail (
        happened_at, who, user_id, database_role, request_id, table_name, action, row_id, row_name, changes
    )
    SELECT stamp.*, TG_TABLE_NAME, 'deleted', id, left(to_jsonb(a) ->> TG_ARGV[0], 255),
           audit_loss(to_jsonb(a), TG_ARGV[1]::text[])
    FROM audit_stamp() AS stamp, old_rows AS a;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION record_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
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
        SELECT CASE WHEN a IS NULL THEN 'created' WHEN b IS NULL THEN 'deleted' ELSE 'changed' END::audit_action,
               coalesce(a.id, b.id),
               left(coalesce(to_jsonb(b), to_jsonb(a)) ->> TG_ARGV[0], 255),
               CASE WHEN a IS NULL THEN NULL
                    WHEN b IS NULL THEN audit_loss(to_jsonb(a), secret)
                    ELSE audit_changes(to_jsonb(a), to_jsonb(b), unheeded, secret) END
        FROM old_rows AS a FULL JOIN new_rows AS b ON b.id = a.id
        WHERE a IS DISTINCT FROM b
    ) AS entry (action, row_id, row_name, changes)
    WHERE entry.action <> 'changed' OR entry.changes IS NOT NULL;
    RETURN NULL;
END;
$$;

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
