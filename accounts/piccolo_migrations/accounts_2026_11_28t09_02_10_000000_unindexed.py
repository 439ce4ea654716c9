"""The index on shorter fragments is gone."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T09:02:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "The index on shorter fragments is gone"

FORWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS users_fragments;
"""

BACKWARDS = r"""
-- See the same file of crm.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_fragments ON users USING gin (fragments(caseless(email || ' ' || name)));
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
