"""The indexes of the rules."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T10:49:08:954404"
VERSION = "1.38.0"
DESCRIPTION = "The indexes of the rules"

FORWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS users_fragments;
-- See the same file of crm.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_fragments ON users USING gin (fragments(caseless(email || ' ' || name)));

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_meanwhile ON users (caseless(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_key;
-- E-mails are unique whatever their case.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_key ON users (caseless(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_meanwhile;
"""

BACKWARDS = r"""
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_meanwhile ON users (lower(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_key;
-- E-mails are unique whatever their case.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_key ON users (lower(email));
DROP INDEX CONCURRENTLY IF EXISTS users_email_meanwhile;
DROP INDEX CONCURRENTLY IF EXISTS users_fragments;
-- See the same file of crm.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_fragments ON users USING gin (fragments(email || ' ' || name));
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
