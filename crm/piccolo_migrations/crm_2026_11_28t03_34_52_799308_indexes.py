"""Indexes on what words begin with."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T03:34:52:799308"
VERSION = "1.38.0"
DESCRIPTION = "Indexes on what words begin with"

FORWARDS = r"""
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_beginnings ON customers
USING gin (search_beginnings(customer_words(name, email, cpf, phone)));

CREATE INDEX CONCURRENTLY IF NOT EXISTS products_beginnings ON products
USING gin (search_beginnings(search_words(code || ' ' || name || ' ' || coalesce(description, ''))));

CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_name_beginnings ON customers USING gin (search_beginnings(search_words(name)));

-- Or PostgreSQL would not know until it looks for itself how many rows to expect.
ANALYZE customers, products;
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS customers_name_beginnings;
DROP INDEX CONCURRENTLY IF EXISTS products_beginnings;
DROP INDEX CONCURRENTLY IF EXISTS customers_beginnings;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
