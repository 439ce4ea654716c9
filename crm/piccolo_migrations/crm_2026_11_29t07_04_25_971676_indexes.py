"""Fragments that tell where a text begins and ends."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T07:04:25:971676"
VERSION = "1.38.0"
DESCRIPTION = "Fragments that tell where a text begins and ends"

FORWARDS = r"""
-- Every filter for a part of a text answers from one of these indexes: one for all texts of a table. The rows found are
-- looked at again, for the column that was meant. Line breaks tell where a text begins and ends: of those that contain
-- santos few begin with it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_parts ON customers USING gin (fragments(caseless(
    E'\n' || name || E'\n' || email || E'\n' || phone || E'\n' || cpf || E'\n' || coalesce(address, '') || E'\n'
)));

CREATE INDEX CONCURRENTLY IF NOT EXISTS products_parts ON products USING gin (fragments(caseless(
    E'\n' || code || E'\n' || name || E'\n' || unit || E'\n' || coalesce(description, '') || E'\n' || sale_type || E'\n'
)));

CREATE INDEX CONCURRENTLY IF NOT EXISTS presales_parts ON presales
USING gin (fragments(caseless(E'\n' || coalesce(notes, '') || E'\n')));

-- Or PostgreSQL would not know until it looks for itself how many rows to expect.
ANALYZE customers, products, presales;
"""

BACKWARDS = r"""
DROP INDEX CONCURRENTLY IF EXISTS presales_parts;
DROP INDEX CONCURRENTLY IF EXISTS products_parts;
DROP INDEX CONCURRENTLY IF EXISTS customers_parts;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION, wrap_in_transaction=False
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
