"""A conversion that is refused for want of stock names the products by their codes, too."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-30T01:35:20:898886"
VERSION = "1.38.0"
DESCRIPTION = "Shortages by code"

FORWARDS = r"""
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

    -- By their codes, too, as they are shown elsewhere: two may be called alike.
    SELECT json_agg(json_build_object('name', shown, 'needed', units, 'stock', stock) ORDER BY name, code),
           string_agg(shown, ', ' ORDER BY name, code)
    INTO short, names
    FROM presale_needs(converted) JOIN products ON id = product_id, concat(code, ' - ', name) AS shown
    WHERE units > stock;

    IF short IS NOT NULL THEN
        RAISE EXCEPTION 'too little stock of: %', names
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_stock', TABLE = 'presales', DETAIL = short;
    END IF;

    UPDATE products SET stock = stock - units FROM presale_needs(converted) WHERE id = product_id;
    RETURN NULL;
END;
$$;
"""

BACKWARDS = r"""
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

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
