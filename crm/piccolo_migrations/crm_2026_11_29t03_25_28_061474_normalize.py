"""CPF and phone are normalised when they are written."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T03:25:28:061474"
VERSION = "1.38.0"
DESCRIPTION = "CPF and phone are normalised when they are written"

FORWARDS = r"""
CREATE OR REPLACE TRIGGER customers_normalize
BEFORE INSERT OR UPDATE OF cpf, phone ON customers
FOR EACH ROW EXECUTE FUNCTION normalize_customer();
"""

BACKWARDS = r"""
CREATE OR REPLACE TRIGGER customers_normalize
BEFORE INSERT OR UPDATE ON customers
FOR EACH ROW EXECUTE FUNCTION normalize_customer();

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
