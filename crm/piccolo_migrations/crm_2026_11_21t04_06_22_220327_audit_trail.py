"""What becomes of customers, products and pre-sales is recorded."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T04:06:22:220327"
VERSION = "1.38.0"
DESCRIPTION = "What becomes of customers, products and pre-sales is recorded"

FORWARDS = r"""
-- What becomes of customers, products and pre-sales stands in the audit trail, see backoffice/rules/audit_trail.sql.
-- No column is secret. What the database computes follows from what else stands there.

CREATE OR REPLACE TRIGGER customers_record_created
AFTER INSERT ON customers REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('name');

CREATE OR REPLACE TRIGGER customers_record_changed
AFTER UPDATE ON customers REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('name', '{}', '{updated_at}');

CREATE OR REPLACE TRIGGER customers_record_deleted
AFTER DELETE ON customers REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('name', '{}');

CREATE OR REPLACE TRIGGER customers_record_truncated
BEFORE TRUNCATE ON customers
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('name', '{}');

CREATE OR REPLACE TRIGGER products_record_created
AFTER INSERT ON products REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('name');

CREATE OR REPLACE TRIGGER products_record_changed
AFTER UPDATE ON products REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('name', '{}', '{updated_at}');

CREATE OR REPLACE TRIGGER products_record_deleted
AFTER DELETE ON products REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('name', '{}');

CREATE OR REPLACE TRIGGER products_record_truncated
BEFORE TRUNCATE ON products
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('name', '{}');

CREATE OR REPLACE TRIGGER presales_record_created
AFTER INSERT ON presales REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('number');

CREATE OR REPLACE TRIGGER presales_record_changed
AFTER UPDATE ON presales REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('number', '{}', '{total,updated_at}');

CREATE OR REPLACE TRIGGER presales_record_deleted
AFTER DELETE ON presales REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('number', '{}');

CREATE OR REPLACE TRIGGER presales_record_truncated
BEFORE TRUNCATE ON presales
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('number', '{}');

CREATE OR REPLACE TRIGGER presale_items_record_created
AFTER INSERT ON presale_items REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('presale_id');

CREATE OR REPLACE TRIGGER presale_items_record_changed
AFTER UPDATE ON presale_items REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('presale_id', '{}', '{total_price}');

CREATE OR REPLACE TRIGGER presale_items_record_deleted
AFTER DELETE ON presale_items REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('presale_id', '{}');

CREATE OR REPLACE TRIGGER presale_items_record_truncated
BEFORE TRUNCATE ON presale_items
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('presale_id', '{}');
"""

BACKWARDS = r"""
DROP TRIGGER IF EXISTS presale_items_record_truncated ON presale_items;
DROP TRIGGER IF EXISTS presale_items_record_deleted ON presale_items;
DROP TRIGGER IF EXISTS presale_items_record_changed ON presale_items;
DROP TRIGGER IF EXISTS presale_items_record_created ON presale_items;
DROP TRIGGER IF EXISTS presales_record_truncated ON presales;
DROP TRIGGER IF EXISTS presales_record_deleted ON presales;
DROP TRIGGER IF EXISTS presales_record_changed ON presales;
DROP TRIGGER IF EXISTS presales_record_created ON presales;
DROP TRIGGER IF EXISTS products_record_truncated ON products;
DROP TRIGGER IF EXISTS products_record_deleted ON products;
DROP TRIGGER IF EXISTS products_record_changed ON products;
DROP TRIGGER IF EXISTS products_record_created ON products;
DROP TRIGGER IF EXISTS customers_record_truncated ON customers;
DROP TRIGGER IF EXISTS customers_record_deleted ON customers;
DROP TRIGGER IF EXISTS customers_record_changed ON customers;
DROP TRIGGER IF EXISTS customers_record_created ON customers;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
