"""No TRUNCATE by who sees the past."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T09:19:26:801066"
VERSION = "1.38.0"
DESCRIPTION = "No TRUNCATE by who sees the past"

FORWARDS = r"""
-- TRUNCATE takes all rows, also those that an older snapshot does not show: who looks whether any must stay has to see them.
CREATE OR REPLACE FUNCTION require_read_committed() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'TRUNCATE is refused at isolation level %', current_setting('transaction_isolation')
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Use READ COMMITTED.';
    END IF;
END;
$$;
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS require_read_committed;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
