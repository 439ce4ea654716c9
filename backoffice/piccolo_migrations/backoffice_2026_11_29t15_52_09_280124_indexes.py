"""An index on all entries of the audit trail, those of nobody as well."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T15:52:09:280124"
VERSION = "1.38.0"
DESCRIPTION = "An index on all entries of the audit trail, those of nobody as well"

FORWARDS = r"""
-- What one person did, what happened to one table, what was deleted: the newest first.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_trail_user_id ON audit_trail (user_id, happened_at);
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS audit_trail_user_id;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
