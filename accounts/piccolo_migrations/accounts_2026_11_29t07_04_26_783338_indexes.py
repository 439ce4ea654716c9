"""Fragments that tell where a text begins and ends."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T07:04:26:783338"
VERSION = "1.38.0"
DESCRIPTION = "Fragments that tell where a text begins and ends"

FORWARDS = r"""
-- See the same file of crm.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_parts ON users
USING gin (fragments(caseless(E'\n' || email || E'\n' || name || E'\n')));

-- Or PostgreSQL would not know until it looks for itself how many rows to expect.
ANALYZE users;
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS users_parts;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
