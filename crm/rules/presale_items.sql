-- Lines: their price and total, and that they change only while their pre-sale is a draft.

-- Locks these pre-sales, in the order of their ids, and refuses unless lines may be written to all of them.
-- The lock makes writers of one pre-sale queue, so that each sees the lines of those before when it sums up.
CREATE OR REPLACE FUNCTION open_presales(VARIADIC presales uuid[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    presale record;
BEGIN
    FOR presale IN
        SELECT id, status FROM presales WHERE id = ANY (open_presales.presales) ORDER BY id FOR NO KEY UPDATE
    LOOP
        IF presale.status <> 'draft' AND NOT presale_is_being_born(presale.id) THEN
            RAISE EXCEPTION 'the items of a pre-sale that is % cannot be changed', presale.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_locked', TABLE = 'presales',
                      DETAIL = presale.status;
        END IF;
    END LOOP;
END;
$$;

CREATE OR REPLACE FUNCTION write_presale_item() RETURNS trigger
LANGUAGE plpgsql
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
    NEW.total_price := round(NEW.quantity * NEW.unit_price, 2) - NEW.discount;

    IF TG_OP = 'INSERT' THEN
        PERFORM open_presales(NEW.presale_id);
    ELSE
        NEW.id := OLD.id;
        IF NEW IS DISTINCT FROM OLD THEN
            PERFORM open_presales(OLD.presale_id, NEW.presale_id);
        END IF;
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER presale_items_write
BEFORE INSERT OR UPDATE ON presale_items
FOR EACH ROW EXECUTE FUNCTION write_presale_item();

CREATE OR REPLACE FUNCTION delete_presale_item() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    -- When the whole pre-sale goes, it is no longer there to object.
    PERFORM open_presales(OLD.presale_id);
    RETURN OLD;
END;
$$;

CREATE OR REPLACE TRIGGER presale_items_delete
BEFORE DELETE ON presale_items
FOR EACH ROW EXECUTE FUNCTION delete_presale_item();

-- Once per statement, so that ten thousand lines cost ten thousand, not their square.
-- The pre-sale computes its total itself, in change_presale().
CREATE OR REPLACE FUNCTION sum_up_presales() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE presales SET total = 0 WHERE id IN (SELECT presale_id FROM new_lines);
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE presales SET total = 0 WHERE id IN (SELECT presale_id FROM old_lines);
    ELSE
        UPDATE presales SET total = 0 WHERE id IN (
            SELECT presale_id FROM (TABLE new_lines EXCEPT TABLE old_lines) AS changed
            UNION
            SELECT presale_id FROM (TABLE old_lines EXCEPT TABLE new_lines) AS changed
        );
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
LANGUAGE plpgsql
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
