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

-- PostgreSQL inlines these three, as none is declared steadier than what it calls; else it would start them for each row.

-- A value as the API shows it: decimals as text.
CREATE OR REPLACE FUNCTION audit_value(value jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(value) = 'number' AND value::text LIKE '%.%' THEN to_jsonb(value::text) ELSE value END;

-- Each column that differs, with its value before and after; of a secret one only that it does.
CREATE OR REPLACE FUNCTION audit_differences(was jsonb, is_now jsonb, unheeded text[], secret text[])
RETURNS TABLE (column_name text, before_and_after jsonb)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT key, CASE
        WHEN key = ANY (secret) THEN '["***", "***"]'
        ELSE jsonb_build_array(audit_value(value), audit_value(is_now -> key))
    END
    FROM jsonb_each(was)
    WHERE value IS DISTINCT FROM is_now -> key AND key <> ALL (unheeded);
END;

-- All values of a deleted row.
CREATE OR REPLACE FUNCTION audit_losses(was jsonb, secret text[])
RETURNS TABLE (column_name text, before_and_after jsonb)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT * FROM audit_differences(jsonb_strip_nulls(was), '{}', secret || '{id}', '{}');
END;

-- The four below write the entries of one statement, with the rights of their owner, since nobody else needs any. Times
-- among the values do not depend on the zone of whoever writes.
-- Arguments of the triggers: the column that people know a row by; the secret columns; and those that are of no
-- interest because the database computes them.

-- The row itself holds its values, and later entries what they were.
CREATE OR REPLACE FUNCTION record_created() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO audit_trail (
        happened_at, who, user_id, database_role, request_id, table_name, action, row_id, row_name
    )
    SELECT stamp.*, TG_TABLE_NAME, 'created', id, left(to_jsonb(b) ->> TG_ARGV[0], 255)
    FROM audit_stamp() AS stamp, new_rows AS b;
    RETURN NULL;
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

CREATE OR REPLACE FUNCTION record_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    INSERT INTO audit_trail (
        happened_at, who, user_id, database_role, request_id, table_name, action, row_id, row_name, changes
    )
    SELECT stamp.*, TG_TABLE_NAME, 'deleted', id, left(was ->> TG_ARGV[0], 255),
           (SELECT jsonb_object_agg(column_name, before_and_after) FROM audit_losses(was, TG_ARGV[1]::text[]))
    FROM audit_stamp() AS stamp, (SELECT id, to_jsonb(a) FROM old_rows AS a OFFSET 0) AS row_of (id, was);
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
        SELECT stamp.*, $1, ''deleted'', id, left(to_jsonb(a) ->> $2, 255),
               (SELECT jsonb_object_agg(column_name, before_and_after) FROM audit_losses(to_jsonb(a), $3))
        FROM audit_stamp() AS stamp, %s AS a',
        TG_RELID::regclass
    ) USING TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]::text[];
    RETURN NULL;
END;
$$;

-- Or anybody could have them write what never happened, with a trigger on a table of their own.
REVOKE EXECUTE ON FUNCTION record_created(), record_changed(), record_deleted(), record_truncated() FROM PUBLIC;

-- Nothing in the trail is altered, and nothing but the four above adds to it. That keeps the owner of the tables from
-- mistakes, not from a trigger of the owner's own.
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is written by the database alone, and never altered'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_trail_kept', TABLE = 'audit_trail';
END;
$$;

CREATE OR REPLACE TRIGGER audit_trail_refuse_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

CREATE OR REPLACE TRIGGER audit_trail_refuse_forgery
BEFORE INSERT ON audit_trail
FOR EACH STATEMENT
WHEN (pg_trigger_depth() = 0)
EXECUTE FUNCTION refuse_audit_change();

-- What one person did, what happened to one table, what was deleted: the newest first.
CREATE INDEX IF NOT EXISTS audit_trail_user_id ON audit_trail (user_id, happened_at);
CREATE INDEX IF NOT EXISTS audit_trail_who ON audit_trail (who, happened_at);
CREATE INDEX IF NOT EXISTS audit_trail_table ON audit_trail (table_name, happened_at);
CREATE INDEX IF NOT EXISTS audit_trail_action ON audit_trail (action, happened_at);
