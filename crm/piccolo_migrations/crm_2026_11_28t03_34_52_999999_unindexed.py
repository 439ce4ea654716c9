"""The indexes on whole words are gone."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T03:34:52:999999"
VERSION = "1.38.0"
DESCRIPTION = "The indexes on whole words are gone"

FORWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS customers_search_name;

DROP INDEX CONCURRENTLY IF EXISTS products_search;

DROP INDEX CONCURRENTLY IF EXISTS customers_search;
"""

BACKWARDS = r"""
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_search ON customers USING gin (customer_words(name, email, cpf, phone));
CREATE INDEX CONCURRENTLY IF NOT EXISTS products_search ON products
USING gin (search_words(code || ' ' || name || ' ' || coalesce(description, '')));
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_search_name ON customers USING gin (search_words(name));
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
