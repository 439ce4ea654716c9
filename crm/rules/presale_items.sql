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

CREATE OR REPLACE TRIGGER presale_items_write
BEFORE INSERT OR UPDATE ON presale_items
FOR EACH ROW EXECUTE FUNCTION write_presale_item();

-- Locks these pre-sales, in the order of their ids, and refuses unless lines may be written to all of them.
-- The lock makes whoever writes lines of a pre-sale and whoever submits it queue, so that the second sees what the first did.
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
-- which lines did change. The pre-sale computes its total itself, in change_presale(), or at its birth, when it comes after them in one statement.
CREATE OR REPLACE FUNCTION sum_up_presales() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    touched uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY(
            SELECT presale_id FROM (SELECT DISTINCT ON (presale_id) presale_id, id FROM new_lines) AS line
            WHERE NOT line_is_counted(id)
        );
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
    PERFORM require_read_committed();
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
