"""Functions that find what a statement changed, without being started for each of its rows."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-12-01T04:30:57:001042"
VERSION = "1.38.0"
DESCRIPTION = "Inlined differences"

FORWARDS = r"""
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
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS audit_losses;
DROP FUNCTION IF EXISTS audit_differences;
-- A value as the API shows it: decimals as text.
CREATE OR REPLACE FUNCTION audit_value(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(value) = 'number' AND value::text LIKE '%.%' THEN to_jsonb(value::text) ELSE value END;

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
