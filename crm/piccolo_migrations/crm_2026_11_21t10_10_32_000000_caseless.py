"""Parts of texts whatever their case, in every locale."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T10:10:32:000000"
VERSION = "1.38.0"
DESCRIPTION = "Parts of texts whatever their case, in every locale"

# fragments(), which these are made of, has changed.
FORWARDS = r"""
REINDEX INDEX CONCURRENTLY customers_fragments;
REINDEX INDEX CONCURRENTLY products_fragments;
REINDEX INDEX CONCURRENTLY presales_fragments;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(FORWARDS))
    return manager
