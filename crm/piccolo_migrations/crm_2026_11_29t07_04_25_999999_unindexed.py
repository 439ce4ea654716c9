"""The indexes on fragments that did not tell where a text begins and ends are gone."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T07:04:25:999999"
VERSION = "1.38.0"
DESCRIPTION = "The indexes on fragments that did not tell where a text begins and ends are gone"

FORWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS presales_fragments;

DROP INDEX CONCURRENTLY IF EXISTS products_fragments;

DROP INDEX CONCURRENTLY IF EXISTS customers_fragments;
"""

BACKWARDS = r"""
-- Every filter for a part of a text answers from one of these indexes: one for all texts of a table. Which of them it is
-- that contains the part, the rows found say.
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_fragments ON customers
USING gin (fragments(caseless(name || ' ' || email || ' ' || phone || ' ' || cpf || ' ' || coalesce(address, ''))));
CREATE INDEX CONCURRENTLY IF NOT EXISTS products_fragments ON products
USING gin (fragments(caseless(code || ' ' || name || ' ' || unit || ' ' || coalesce(description, '') || ' ' || sale_type)));
CREATE INDEX CONCURRENTLY IF NOT EXISTS presales_fragments ON presales USING gin (fragments(caseless(coalesce(notes, ''))));
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
