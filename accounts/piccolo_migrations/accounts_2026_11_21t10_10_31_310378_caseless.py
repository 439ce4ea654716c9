"""E-mails and parts of texts whatever their case, in every locale."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T10:10:31:310378"
VERSION = "1.38.0"
DESCRIPTION = "E-mails and parts of texts whatever their case, in every locale"

# Warnings of `piccolo backoffice lint`, and why they need no heed here.
ACCEPTED = {
    "renames": "an index, which takes the place of the one that was dropped just before",
    "drops-index": "another one has taken its place",
}

# No moment without an index that keeps e-mails unique.
FORWARDS = r"""
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_caseless ON users (caseless(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_key;
ALTER INDEX IF EXISTS users_email_caseless RENAME TO users_email_key;
REINDEX INDEX CONCURRENTLY users_fragments;
"""

BACKWARDS = r"""
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_lower ON users (lower(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_key;
ALTER INDEX IF EXISTS users_email_lower RENAME TO users_email_key;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
