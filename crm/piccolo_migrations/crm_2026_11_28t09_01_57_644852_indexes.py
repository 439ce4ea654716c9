"""Indexes on longer fragments."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T09:01:57:644852"
VERSION = "1.38.0"
DESCRIPTION = "Indexes on longer fragments"

FORWARDS = r"""
-- Every filter for a part of a text answers from one of these indexes: one for all texts of a table. Which of them it is
-- that contains the part, the rows found say.
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_text_fragments ON customers
USING gin (text_fragments(caseless(name || ' ' || email || ' ' || phone || ' ' || cpf || ' ' || coalesce(address, ''))));

CREATE INDEX CONCURRENTLY IF NOT EXISTS products_text_fragments ON products
USING gin (text_fragments(caseless(code || ' ' || name || ' ' || unit || ' ' || coalesce(description, '') || ' ' || sale_type)));

CREATE INDEX CONCURRENTLY IF NOT EXISTS presales_text_fragments ON presales USING gin (text_fragments(caseless(coalesce(notes, ''))));

-- Or PostgreSQL would not know until it looks for itself what to expect.
ANALYZE customers, products, presales;
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS presales_text_fragments;
DROP INDEX CONCURRENTLY IF EXISTS products_text_fragments;
DROP INDEX CONCURRENTLY IF EXISTS customers_text_fragments;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
