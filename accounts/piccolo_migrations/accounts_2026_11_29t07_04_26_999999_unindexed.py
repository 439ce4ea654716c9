"""The indexes on fragments that did not tell where a text begins and ends are gone."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T07:04:26:999999"
VERSION = "1.38.0"
DESCRIPTION = "The indexes on fragments that did not tell where a text begins and ends are gone"

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
