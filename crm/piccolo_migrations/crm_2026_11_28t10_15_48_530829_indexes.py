"""Whole texts of any length, as keys of an index."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T10:15:48:530829"
VERSION = "1.38.0"
DESCRIPTION = "Whole texts of any length, as keys of an index"

FORWARDS = r"""
-- A whole text, of any length.
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_address ON customers USING hash (address);

CREATE INDEX CONCURRENTLY IF NOT EXISTS products_description ON products USING hash (description);

CREATE INDEX CONCURRENTLY IF NOT EXISTS presales_notes ON presales USING hash (notes);
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS presales_notes;
DROP INDEX CONCURRENTLY IF EXISTS products_description;
DROP INDEX CONCURRENTLY IF EXISTS customers_address;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
