"""What changed in the rules."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T04:33:08:804595"
VERSION = "1.38.0"
DESCRIPTION = "What changed in the rules"

FORWARDS = r"""
DROP FUNCTION IF EXISTS presale_needs;
-- Converting a pre-sale takes its quantities from the stock: once, and all lines or none.

-- What these pre-sales need of each product: each of them whole units.
CREATE OR REPLACE FUNCTION presale_needs(presales uuid[]) RETURNS TABLE (product_id uuid, units numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT product_id, sum(units)
    FROM (SELECT product_id, ceil(sum(quantity)) AS units
          FROM presale_items WHERE presale_id = ANY (presales) GROUP BY presale_id, product_id) AS each
    GROUP BY product_id;
END;

CREATE OR REPLACE FUNCTION take_stock() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    converted uuid[] := ARRAY(
        SELECT id FROM after JOIN before USING (id) WHERE after.status = 'converted' AND before.status <> 'converted'
    );
    short json;
    names text;
BEGIN
    IF converted = '{}' THEN
        RETURN NULL;
    END IF;

    -- In the order of their ids, so that two conversions, of however many pre-sales, never wait for each other.
    PERFORM FROM products
    WHERE id IN (SELECT product_id FROM presale_items WHERE presale_id = ANY (converted))
    ORDER BY id FOR NO KEY UPDATE;

    SELECT json_agg(json_build_object('name', name, 'needed', units, 'stock', stock) ORDER BY name),
           string_agg(name, ', ' ORDER BY name)
    INTO short, names
    FROM presale_needs(converted) JOIN products ON id = product_id
    WHERE units > stock;

    IF short IS NOT NULL THEN
        RAISE EXCEPTION 'too little stock of: %', names
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_stock', TABLE = 'presales', DETAIL = short;
    END IF;

    UPDATE products SET stock = stock - units FROM presale_needs(converted) WHERE id = product_id;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER presales_take_stock
AFTER UPDATE ON presales
REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION take_stock();
"""

BACKWARDS = r"""
CREATE OR REPLACE TRIGGER presales_take_stock
AFTER UPDATE ON presales
FOR EACH ROW
WHEN (NEW.status = 'converted' AND OLD.status <> 'converted')
EXECUTE FUNCTION take_stock();

CREATE OR REPLACE FUNCTION take_stock() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    short json;
    names text;
BEGIN
    -- In the order of their ids, so that two conversions never wait for each other.
    PERFORM FROM products
    WHERE id IN (SELECT product_id FROM presale_items WHERE presale_id = NEW.id)
    ORDER BY id FOR NO KEY UPDATE;

    SELECT json_agg(json_build_object('name', name, 'needed', units, 'stock', stock) ORDER BY name),
           string_agg(name, ', ' ORDER BY name)
    INTO short, names
    FROM presale_needs(NEW.id) JOIN products ON id = product_id
    WHERE units > stock;

    IF short IS NOT NULL THEN
        RAISE EXCEPTION 'too little stock of: %', names
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_stock', TABLE = 'presales', DETAIL = short;
    END IF;

    UPDATE products SET stock = stock - units FROM presale_needs(NEW.id) WHERE id = product_id;
    RETURN NULL;
END;
$$;

DROP FUNCTION IF EXISTS presale_needs;
-- Converting a pre-sale takes its quantities from the stock: once, and all lines or none.

-- What this pre-sale needs of each product, in whole units.
CREATE OR REPLACE FUNCTION presale_needs(presale uuid) RETURNS TABLE (product_id uuid, units numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT product_id, ceil(sum(quantity)) FROM presale_items WHERE presale_id = presale GROUP BY product_id;
END;

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
