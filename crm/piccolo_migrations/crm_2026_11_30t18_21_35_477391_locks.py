"""That a pre-sale is locked is said before a value that is too large."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-30T18:21:35:477391"
VERSION = "1.38.0"
DESCRIPTION = "Locks before values"

FORWARDS = r"""
-- Lines: their price and total, and that they change only while their pre-sale is a draft.

-- Rules look only at the tables of the product: neither a session's search_path nor its temporary tables mislead them.
CREATE OR REPLACE FUNCTION write_presale_item() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    line_total numeric;
BEGIN
    IF NEW.unit_price IS NULL THEN
        SELECT sale_price INTO NEW.unit_price FROM products WHERE id = NEW.product_id;
        IF NOT FOUND AND NEW.product_id IS NOT NULL THEN
            PERFORM open_presales(ARRAY[NEW.presale_id, OLD.presale_id]);
            -- The foreign key is only looked at later, after the missing price would have been blamed.
            RAISE EXCEPTION 'there is no such product'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'presale_items_product_id_fkey',
                      TABLE = 'presale_items', COLUMN = 'product_id', DETAIL = NEW.product_id;
        END IF;
    END IF;
    -- Without the coalesce a missing discount would be blamed on the total.
    line_total := round(NEW.quantity * NEW.unit_price, 2) - coalesce(NEW.discount, 0);
    IF line_total NOT BETWEEN 0 AND 99999999.99 THEN
        -- Of a pre-sale that is no draft, that is the reason, and not the value that is refused next.
        PERFORM open_presales(ARRAY[NEW.presale_id, OLD.presale_id]);
    END IF;
    NEW.total_price := line_total;
    IF TG_OP = 'UPDATE' THEN
        NEW.id := OLD.id;
    END IF;
    RETURN NEW;
END;
$$;

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

    -- Not before it is known that anything may change: a total that is too large would be blamed.
    NEW.total := greatest(lines_total - NEW.discount, 0);

    IF OLD.status = 'draft' AND NEW.status = 'pending' THEN
        IF NOT EXISTS (SELECT FROM presale_items WHERE presale_id = OLD.id) THEN
            RAISE EXCEPTION 'a pre-sale without items cannot be submitted'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_no_items', TABLE = 'presales';
        END IF;
        PERFORM refuse_excess_discount(NEW.discount, lines_total);
    END IF;

    IF NEW.status <> OLD.status THEN
        PERFORM forget_presale_birth(OLD.id);
    END IF;
    IF (NEW IS DISTINCT FROM OLD OR lines_changed) AND NOT presale_is_being_born(OLD.id) THEN
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END;
$$;
"""

BACKWARDS = r"""
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

    IF NEW.status <> OLD.status THEN
        PERFORM forget_presale_birth(OLD.id);
    END IF;
    IF (NEW IS DISTINCT FROM OLD OR lines_changed) AND NOT presale_is_being_born(OLD.id) THEN
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END;
$$;

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


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
