"""E-mails and parts of texts whatever their case, in every locale."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T10:10:31:310378"
VERSION = "1.38.0"
DESCRIPTION = "E-mails and parts of texts whatever their case, in every locale"

# Warnings of `piccolo backoffice lint`, and why they need no heed here.
ACCEPTED = {
    "drops-index": "another one keeps e-mails unique meanwhile",
}

FORWARDS = r"""
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_meanwhile ON users (caseless(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_key;
-- E-mails are unique whatever their case.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_key ON users (caseless(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_meanwhile;
REINDEX INDEX CONCURRENTLY users_fragments;
"""

BACKWARDS = r"""
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_meanwhile ON users (lower(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_key;
-- E-mails are unique whatever their case.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_key ON users (lower(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_meanwhile;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
