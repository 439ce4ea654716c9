"""Indexes on longer fragments."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T09:02:09:047244"
VERSION = "1.38.0"
DESCRIPTION = "Indexes on longer fragments"

FORWARDS = r"""
-- See the same file of crm.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_text_fragments ON users USING gin (text_fragments(caseless(email || ' ' || name)));

-- Or PostgreSQL would not know until it looks for itself what to expect.
ANALYZE users;
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS users_text_fragments;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
