"""The indexes of the rules."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T10:49:09:382118"
VERSION = "1.38.0"
DESCRIPTION = "The indexes of the rules"

FORWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS customers_fragments;
-- Every filter for a part of a text answers from one of these indexes: one for all texts of a table. Which of them it is
-- that contains the part, the rows found say.
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_fragments ON customers
USING gin (fragments(caseless(name || ' ' || email || ' ' || phone || ' ' || cpf || ' ' || coalesce(address, ''))));

DROP INDEX CONCURRENTLY IF EXISTS products_fragments;
CREATE INDEX CONCURRENTLY IF NOT EXISTS products_fragments ON products
USING gin (fragments(caseless(code || ' ' || name || ' ' || unit || ' ' || coalesce(description, '') || ' ' || sale_type)));

DROP INDEX CONCURRENTLY IF EXISTS presales_fragments;
CREATE INDEX CONCURRENTLY IF NOT EXISTS presales_fragments ON presales USING gin (fragments(caseless(coalesce(notes, ''))));
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS presales_fragments;
CREATE INDEX CONCURRENTLY IF NOT EXISTS presales_fragments ON presales USING gin (fragments(coalesce(notes, '')));
DROP INDEX CONCURRENTLY IF EXISTS products_fragments;
CREATE INDEX CONCURRENTLY IF NOT EXISTS products_fragments ON products
USING gin (fragments(code || ' ' || name || ' ' || unit || ' ' || coalesce(description, '') || ' ' || sale_type));
DROP INDEX CONCURRENTLY IF EXISTS customers_fragments;
-- Every filter for a part of a text answers from one of these indexes: one for all texts of a table. Which of them it is
-- that contains the part, the rows found say.
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_fragments ON customers
USING gin (fragments(name || ' ' || email || ' ' || phone || ' ' || cpf || ' ' || coalesce(address, '')));
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
