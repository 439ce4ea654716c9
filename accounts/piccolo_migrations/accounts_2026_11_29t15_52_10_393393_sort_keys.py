"""People's names in their order answer from an index."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T15:52:10:393393"
VERSION = "1.38.0"
DESCRIPTION = "People's names in their order answer from an index"

FORWARDS = r"""
-- As in the lists of the other apps: ordered by a column that many share, and by id among equals.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_name_sorted ON users (sort_key(name) COLLATE "C", id);

-- Or PostgreSQL would not know until it looks for itself how many rows to expect.
ANALYZE users;
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS users_name_sorted;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
