"""Which product is not there."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T03:34:52:798917"
VERSION = "1.38.0"
DESCRIPTION = "Which product is not there"

FORWARDS = r"""
-- Lines: their price and total, and that they change only while their pre-sale is a draft.

-- Rules look only at the tables of the product: neither a session's search_path nor its temporary tables mislead them.
CREATE OR REPLACE FUNCTION write_presale_item() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF NEW.unit_price IS NULL THEN
        SELECT sale_price INTO NEW.unit_price FROM products WHERE id = NEW.product_id;
        IF NOT FOUND AND NEW.product_id IS NOT NULL THEN
            -- The foreign key is only looked at later, after the missing price would have been blamed.
            RAISE EXCEPTION 'there is no such product'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'presale_items_product_id_fkey',
                      TABLE = 'presale_items', COLUMN = 'product_id', DETAIL = NEW.product_id;
        END IF;
    END IF;
    -- Without the coalesce a missing discount would be blamed on the total.
    NEW.total_price := round(NEW.quantity * NEW.unit_price, 2) - coalesce(NEW.discount, 0);
    IF TG_OP = 'UPDATE' THEN
        NEW.id := OLD.id;
    END IF;
    RETURN NEW;
END;
$$;
"""

BACKWARDS = r"""
-- Lines: their price and total, and that they change only while their pre-sale is a draft.

-- Rules look only at the tables of the product: neither a session's search_path nor its temporary tables mislead them.
CREATE OR REPLACE FUNCTION write_presale_item() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF NEW.unit_price IS NULL THEN
        SELECT sale_price INTO NEW.unit_price FROM products WHERE id = NEW.product_id;
        IF NOT FOUND AND NEW.product_id IS NOT NULL THEN
            -- The foreign key is only looked at later, after the missing price would have been blamed.
            RAISE EXCEPTION 'there is no such product'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'presale_items_product_id_fkey',
                      TABLE = 'presale_items', COLUMN = 'product_id';
        END IF;
    END IF;
    -- Without the coalesce a missing discount would be blamed on the total.
    NEW.total_price := round(NEW.quantity * NEW.unit_price, 2) - coalesce(NEW.discount, 0);
    IF TG_OP = 'UPDATE' THEN
        NEW.id := OLD.id;
    END IF;
    RETURN NEW;
END;
$$;

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
