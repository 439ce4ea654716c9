"""The types and functions of the audit trail."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T04:06:20:325511"
VERSION = "1.38.0"
DESCRIPTION = "The types and functions of the audit trail"

FORWARDS = r"""
CREATE TYPE audit_action AS ENUM ('created', 'changed', 'deleted');

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

-- A value as the API shows it: decimals as text.
CREATE OR REPLACE FUNCTION audit_value(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(value) = 'number' AND value::text LIKE '%.%' THEN to_jsonb(value::text) ELSE value END;

-- Of each column that differs, the value before and after; of a secret one only that it does. Null where none differs.
CREATE OR REPLACE FUNCTION audit_changes(was jsonb, is_now jsonb, unheeded text[], secret text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT jsonb_object_agg(key, CASE
        WHEN key = ANY (secret) THEN '["***", "***"]'
        ELSE jsonb_build_array(audit_value(value), audit_value(is_now -> key))
    END)
    FROM jsonb_each(was)
    WHERE value IS DISTINCT FROM is_now -> key AND key <> ALL (unheeded)
);

-- All that a row had, as what is no more.
CREATE OR REPLACE FUNCTION audit_loss(was jsonb, secret text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN audit_changes(jsonb_strip_nulls(was), '{}', secret || '{id}', '{}');
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS audit_loss;
DROP FUNCTION IF EXISTS audit_changes;
DROP FUNCTION IF EXISTS audit_value;
DROP FUNCTION IF EXISTS audit_stamp;
DROP TYPE IF EXISTS audit_action;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
