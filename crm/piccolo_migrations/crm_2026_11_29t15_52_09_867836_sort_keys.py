"""People's words in their order answer from indexes."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T15:52:09:867836"
VERSION = "1.38.0"
DESCRIPTION = "People's words in their order answer from indexes"

FORWARDS = r"""
-- A list is ordered by a column and, among equals, by id. Where many rows share a value, one index must hold both:
-- otherwise a page of 25 rows would mean to sort all those that share it. It serves the filters by that value, too.
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_name_sorted ON customers (sort_key(name) COLLATE "C", id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_address_sorted ON customers (sort_key(address) COLLATE "C", id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS products_name_sorted ON products (sort_key(name) COLLATE "C", id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS products_description_sorted ON products (sort_key(description) COLLATE "C", id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS presales_notes_sorted ON presales (sort_key(notes) COLLATE "C", id);

-- Or PostgreSQL would not know until it looks for itself how many rows to expect.
ANALYZE customers, products, presales;
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS presales_notes_sorted;
DROP INDEX CONCURRENTLY IF EXISTS products_description_sorted;
DROP INDEX CONCURRENTLY IF EXISTS products_name_sorted;
DROP INDEX CONCURRENTLY IF EXISTS customers_address_sorted;
DROP INDEX CONCURRENTLY IF EXISTS customers_name_sorted;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
