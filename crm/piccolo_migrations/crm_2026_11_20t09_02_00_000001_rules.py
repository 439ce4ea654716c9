"""The rules about customers, products and pre-sales."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-20T09:02:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "The rules about customers, products and pre-sales"

# Warnings of `piccolo backoffice lint`, and why they need no heed here.
ACCEPTED = {
    "builds-index": "the tables were made just before, and are empty",
}

FORWARDS = r"""
-- History: whoever loads old pre-sales (fixtures, SQL) gives them their status at birth. A mark lets their lines in, and
-- is gone when the transaction ends.
CREATE OR REPLACE FUNCTION mark_presale_birth() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    -- The mark may be there: of one with the same id that was born and deleted in this transaction.
    INSERT INTO presale_births (id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER presales_mark_birth
AFTER INSERT ON presales
FOR EACH ROW
WHEN (NEW.status <> 'draft')
EXECUTE FUNCTION mark_presale_birth();

-- Only the trigger above makes marks; whoever else could would open finished pre-sales.
CREATE OR REPLACE FUNCTION refuse_false_birth() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'a pre-sale that exists cannot be born again'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_locked', TABLE = 'presales';
END;
$$;

CREATE OR REPLACE TRIGGER presale_births_refuse_false
BEFORE INSERT OR UPDATE ON presale_births
FOR EACH ROW
WHEN (pg_trigger_depth() = 0)
EXECUTE FUNCTION refuse_false_birth();

CREATE OR REPLACE FUNCTION end_presale_birth() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    born presales;
BEGIN
    DELETE FROM presale_births WHERE id = NEW.id;
    SELECT * INTO born FROM presales WHERE id = NEW.id;
    -- A draft may have a discount above its sum, and may be cancelled with it.
    IF born.status NOT IN ('draft', 'cancelled') THEN
        PERFORM refuse_excess_discount(born.discount, presale_lines_total(born.id));
    END IF;
    RETURN NULL;
END;
$$;

DROP TRIGGER IF EXISTS presale_births_end ON presale_births;

CREATE CONSTRAINT TRIGGER presale_births_end
AFTER INSERT ON presale_births
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION end_presale_birth();

CREATE OR REPLACE TRIGGER customers_normalize
BEFORE INSERT OR UPDATE ON customers
FOR EACH ROW EXECUTE FUNCTION normalize_customer();

-- Triggers fire in the order of their names: after the normalizing one.
CREATE OR REPLACE TRIGGER customers_touch
BEFORE UPDATE ON customers
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- A list is ordered by a column and, among equals, by id. Where many rows share a value, one index must hold both:
-- otherwise a page of 25 rows would mean to sort all those that share it. It serves the filters by that value, too.
CREATE INDEX IF NOT EXISTS products_unit_id ON products (unit, id);

CREATE INDEX IF NOT EXISTS products_stock_id ON products (stock, id);

CREATE INDEX IF NOT EXISTS products_purchase_price_id ON products (purchase_price, id);

CREATE INDEX IF NOT EXISTS products_sale_price_id ON products (sale_price, id);

CREATE INDEX IF NOT EXISTS products_sale_type_id ON products (sale_type, id);

CREATE INDEX IF NOT EXISTS presales_status_id ON presales (status, id);

CREATE INDEX IF NOT EXISTS presales_total_id ON presales (total, id);

CREATE INDEX IF NOT EXISTS presales_discount_id ON presales (discount, id);

CREATE INDEX IF NOT EXISTS presale_items_quantity_id ON presale_items (quantity, id);

CREATE INDEX IF NOT EXISTS presale_items_unit_price_id ON presale_items (unit_price, id);

CREATE INDEX IF NOT EXISTS presale_items_total_price_id ON presale_items (total_price, id);

CREATE INDEX IF NOT EXISTS presale_items_discount_id ON presale_items (discount, id);

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

CREATE OR REPLACE TRIGGER presale_items_write
BEFORE INSERT OR UPDATE ON presale_items
FOR EACH ROW EXECUTE FUNCTION write_presale_item();

-- Locks these pre-sales, in the order of their ids, and refuses unless lines may be written to all of them.
-- The lock makes writers of one pre-sale queue, so that each sees the lines of those before when it sums up.
-- A pre-sale that is being deleted is no longer there to object.
CREATE OR REPLACE FUNCTION open_presales(presales uuid[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    locked_by presale_status;
BEGIN
    -- Two statements: in one, the planner may ask for the status first and lock only what it finds, too late.
    PERFORM FROM presales WHERE id = ANY (open_presales.presales) ORDER BY id FOR NO KEY UPDATE;
    SELECT status INTO locked_by FROM presales
    WHERE id = ANY (open_presales.presales) AND status <> 'draft' AND NOT presale_is_being_born(id)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the items of a pre-sale that is % cannot be changed', locked_by
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_locked', TABLE = 'presales',
                  DETAIL = locked_by;
    END IF;
END;
$$;

-- Once per statement, so that ten thousand lines cost ten thousand, not their square; and afterwards, when it is known
-- which lines did change. The pre-sale computes its total itself, in change_presale().
CREATE OR REPLACE FUNCTION sum_up_presales() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    touched uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY(SELECT DISTINCT presale_id FROM new_lines);
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY(SELECT DISTINCT presale_id FROM old_lines);
    ELSE
        touched := ARRAY(
            SELECT presale_id FROM (TABLE new_lines EXCEPT TABLE old_lines) AS changed
            UNION
            SELECT presale_id FROM (TABLE old_lines EXCEPT TABLE new_lines) AS changed
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM open_presales(touched);
        UPDATE presales SET total = 0 WHERE id = ANY (touched);
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER presale_items_sum_up_inserted
AFTER INSERT ON presale_items
REFERENCING NEW TABLE AS new_lines
FOR EACH STATEMENT EXECUTE FUNCTION sum_up_presales();

CREATE OR REPLACE TRIGGER presale_items_sum_up_updated
AFTER UPDATE ON presale_items
REFERENCING OLD TABLE AS old_lines NEW TABLE AS new_lines
FOR EACH STATEMENT EXECUTE FUNCTION sum_up_presales();

CREATE OR REPLACE TRIGGER presale_items_sum_up_deleted
AFTER DELETE ON presale_items
REFERENCING OLD TABLE AS old_lines
FOR EACH STATEMENT EXECUTE FUNCTION sum_up_presales();

-- TRUNCATE skips the triggers above. It may empty the lines only together with the pre-sales.
CREATE OR REPLACE FUNCTION refuse_lone_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM presales) THEN
        RAISE EXCEPTION 'items are not truncated without their pre-sales'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_locked', TABLE = 'presales';
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER presale_items_refuse_lone_truncate
AFTER TRUNCATE ON presale_items
FOR EACH STATEMENT EXECUTE FUNCTION refuse_lone_truncate();

-- The life of a pre-sale: how it is numbered, what its total is, which moves it may make, and when it is frozen.

CREATE SEQUENCE IF NOT EXISTS presales_number_seq AS bigint OWNED BY presales.number;

-- Never backwards: a number that was once given is not given again, even when its pre-sale is gone.
SELECT setval('presales_number_seq', max(number)) FROM presales
HAVING max(number) >= (SELECT last_value FROM presales_number_seq);

CREATE OR REPLACE FUNCTION presale_lines_total(presale uuid) RETURNS numeric
LANGUAGE sql STABLE
RETURN (SELECT coalesce(sum(total_price), 0) FROM presale_items WHERE presale_id = presale);

-- True in the transaction that loads this pre-sale as history: born past draft, together with its lines.
CREATE OR REPLACE FUNCTION presale_is_being_born(presale uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM presale_births WHERE id = presale);

CREATE OR REPLACE TRIGGER presales_begin
BEFORE INSERT ON presales
FOR EACH ROW EXECUTE FUNCTION begin_presale();

CREATE OR REPLACE FUNCTION change_presale() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    lines_total numeric := presale_lines_total(OLD.id);
    -- Lines change through their own table, whose trigger then updates this row.
    lines_changed boolean := pg_trigger_depth() > 1;
BEGIN
    NEW.id := OLD.id;
    NEW.number := OLD.number;
    NEW.total := greatest(lines_total - NEW.discount, 0);
    NEW.updated_at := OLD.updated_at;

    IF OLD.status <> 'draft'
       AND (NEW.customer_id, NEW.discount, NEW.created_at)
           IS DISTINCT FROM (OLD.customer_id, OLD.discount, OLD.created_at)
    OR presale_moves(OLD.status) = '{}' AND NEW.notes IS DISTINCT FROM OLD.notes THEN
        RAISE EXCEPTION 'a pre-sale that is % cannot be changed like this', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_locked', TABLE = 'presales',
                  DETAIL = OLD.status;
    END IF;

    IF NEW.status <> OLD.status AND NEW.status <> ALL (presale_moves(OLD.status)) THEN
        RAISE EXCEPTION 'a pre-sale cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_transition', TABLE = 'presales',
                  DETAIL = json_build_object('from', OLD.status, 'to', NEW.status,
                                             'allowed', presale_moves(OLD.status));
    END IF;

    IF OLD.status = 'draft' AND NEW.status = 'pending' THEN
        IF NOT EXISTS (SELECT FROM presale_items WHERE presale_id = OLD.id) THEN
            RAISE EXCEPTION 'a pre-sale without items cannot be submitted'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_no_items', TABLE = 'presales';
        END IF;
        PERFORM refuse_excess_discount(NEW.discount, lines_total);
    END IF;

    IF (NEW IS DISTINCT FROM OLD OR lines_changed) AND NOT presale_is_being_born(OLD.id) THEN
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION refuse_excess_discount(discount numeric, lines_total numeric) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF discount > lines_total THEN
        RAISE EXCEPTION 'the discount is more than the items cost'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_discount_exceeds_sum', TABLE = 'presales';
    END IF;
END;
$$;

CREATE OR REPLACE TRIGGER presales_change
BEFORE UPDATE ON presales
FOR EACH ROW EXECUTE FUNCTION change_presale();

CREATE OR REPLACE FUNCTION refuse_presale_deletion() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'a pre-sale that is % cannot be deleted', OLD.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_kept', TABLE = 'presales', DETAIL = OLD.status;
END;
$$;

CREATE OR REPLACE TRIGGER presales_refuse_deletion
BEFORE DELETE ON presales
FOR EACH ROW
WHEN (OLD.status NOT IN ('draft', 'cancelled'))
EXECUTE FUNCTION refuse_presale_deletion();

-- TRUNCATE asks no row: it is refused where a deletion would be.
CREATE OR REPLACE FUNCTION refuse_presale_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    kept presale_status;
BEGIN
    SELECT status INTO kept FROM presales WHERE status NOT IN ('draft', 'cancelled') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a pre-sale that is % cannot be deleted', kept
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_kept', TABLE = 'presales', DETAIL = kept;
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER presales_refuse_truncate
BEFORE TRUNCATE ON presales
FOR EACH STATEMENT EXECUTE FUNCTION refuse_presale_truncate();

CREATE OR REPLACE TRIGGER products_touch
BEFORE UPDATE ON products
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE INDEX IF NOT EXISTS customers_search ON customers USING gin (customer_words(name, email, cpf, phone));

CREATE INDEX IF NOT EXISTS products_search ON products
USING gin (search_words(code || ' ' || name || ' ' || coalesce(description, '')));

-- Pre-sales are searched by number and by the name of their customer.
CREATE INDEX IF NOT EXISTS presales_search_number ON presales ((number::text) text_pattern_ops);

CREATE INDEX IF NOT EXISTS customers_search_name ON customers USING gin (search_words(name));

-- Converting a pre-sale takes its quantities from the stock: once, and all lines or none.

-- What this pre-sale needs of each product, in whole units.
CREATE OR REPLACE FUNCTION presale_needs(presale uuid) RETURNS TABLE (product_id uuid, units numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT product_id, ceil(sum(quantity)) FROM presale_items WHERE presale_id = presale GROUP BY product_id;
END;

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

CREATE OR REPLACE TRIGGER presales_take_stock
AFTER UPDATE ON presales
FOR EACH ROW
WHEN (NEW.status = 'converted' AND OLD.status <> 'converted')
EXECUTE FUNCTION take_stock();
"""

BACKWARDS = r"""
DROP TRIGGER IF EXISTS presales_take_stock ON presales;
DROP FUNCTION IF EXISTS take_stock;
DROP FUNCTION IF EXISTS presale_needs;
DROP INDEX IF EXISTS customers_search_name;
DROP INDEX IF EXISTS presales_search_number;
DROP INDEX IF EXISTS products_search;
DROP INDEX IF EXISTS customers_search;
DROP TRIGGER IF EXISTS products_touch ON products;
DROP TRIGGER IF EXISTS presales_refuse_truncate ON presales;
DROP FUNCTION IF EXISTS refuse_presale_truncate;
DROP TRIGGER IF EXISTS presales_refuse_deletion ON presales;
DROP FUNCTION IF EXISTS refuse_presale_deletion;
DROP TRIGGER IF EXISTS presales_change ON presales;
DROP FUNCTION IF EXISTS refuse_excess_discount;
DROP FUNCTION IF EXISTS change_presale;
DROP TRIGGER IF EXISTS presales_begin ON presales;
DROP FUNCTION IF EXISTS presale_is_being_born;
DROP FUNCTION IF EXISTS presale_lines_total;
DROP SEQUENCE IF EXISTS presales_number_seq;
DROP TRIGGER IF EXISTS presale_items_refuse_lone_truncate ON presale_items;
DROP FUNCTION IF EXISTS refuse_lone_truncate;
DROP TRIGGER IF EXISTS presale_items_sum_up_deleted ON presale_items;
DROP TRIGGER IF EXISTS presale_items_sum_up_updated ON presale_items;
DROP TRIGGER IF EXISTS presale_items_sum_up_inserted ON presale_items;
DROP FUNCTION IF EXISTS sum_up_presales;
DROP FUNCTION IF EXISTS open_presales;
DROP TRIGGER IF EXISTS presale_items_write ON presale_items;
DROP FUNCTION IF EXISTS write_presale_item;
DROP INDEX IF EXISTS presale_items_discount_id;
DROP INDEX IF EXISTS presale_items_total_price_id;
DROP INDEX IF EXISTS presale_items_unit_price_id;
DROP INDEX IF EXISTS presale_items_quantity_id;
DROP INDEX IF EXISTS presales_discount_id;
DROP INDEX IF EXISTS presales_total_id;
DROP INDEX IF EXISTS presales_status_id;
DROP INDEX IF EXISTS products_sale_type_id;
DROP INDEX IF EXISTS products_sale_price_id;
DROP INDEX IF EXISTS products_purchase_price_id;
DROP INDEX IF EXISTS products_stock_id;
DROP INDEX IF EXISTS products_unit_id;
DROP TRIGGER IF EXISTS customers_touch ON customers;
DROP TRIGGER IF EXISTS customers_normalize ON customers;
DROP TRIGGER IF EXISTS presale_births_end ON presale_births;
DROP FUNCTION IF EXISTS end_presale_birth;
DROP TRIGGER IF EXISTS presale_births_refuse_false ON presale_births;
DROP FUNCTION IF EXISTS refuse_false_birth;
DROP TRIGGER IF EXISTS presales_mark_birth ON presales;
DROP FUNCTION IF EXISTS mark_presale_birth;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
