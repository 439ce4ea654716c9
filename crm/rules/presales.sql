-- The life of a pre-sale: how it is numbered, what its total is, which moves it may make, and when it is frozen.

CREATE SEQUENCE IF NOT EXISTS presales_number_seq AS bigint OWNED BY presales.number;
-- Never backwards: a number that was once given is not given again, even when its pre-sale is gone.
SELECT setval('presales_number_seq', max(number)) FROM presales
HAVING max(number) >= (SELECT last_value FROM presales_number_seq);

-- Where a pre-sale may go from here. Nothing leads out of converted and cancelled.
CREATE OR REPLACE FUNCTION presale_moves(status presale_status) RETURNS presale_status[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE status
    WHEN 'draft' THEN '{pending,cancelled}'
    WHEN 'pending' THEN '{approved,draft,cancelled}'
    WHEN 'approved' THEN '{converted,cancelled}'
    ELSE '{}'
END::presale_status[];

-- Those in plpgsql that could be plain SQL keep their plans; SQL would be read and planned anew for each statement.
CREATE OR REPLACE FUNCTION presale_lines_total(presale uuid) RETURNS numeric
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (SELECT coalesce(sum(total_price), 0) FROM presale_items WHERE presale_id = presale);
END;
$$;

-- What a pre-sale costs, shown as 0 while its discount exceeds what its lines cost.
CREATE OR REPLACE FUNCTION presale_total(lines_total numeric, discount numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(lines_total - discount, 0);

-- True when the pre-sale of this line is a draft that the same statement wrote, after its lines: it has counted them.
CREATE OR REPLACE FUNCTION line_is_counted(line uuid) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM presale_items JOIN presales ON presales.id = presale_id
        WHERE presale_items.id = line AND presales.status = 'draft'
          AND presales.xmin = presale_items.xmin AND presales.cmin = presale_items.cmin
          AND presales.total = presale_total(presale_lines_total(presale_id), presales.discount)
    );
END;
$$;

-- True while this pre-sale is loaded as history: born past draft in this transaction, together with its lines.
CREATE OR REPLACE FUNCTION presale_is_being_born(presale uuid) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM presale_births WHERE id = presale);
END;
$$;

CREATE OR REPLACE FUNCTION begin_presale() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    NEW.number := nextval('presales_number_seq');
    -- It has lines already where they are written first, in the same statement.
    NEW.total := presale_total(presale_lines_total(NEW.id), NEW.discount);
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER presales_begin
BEFORE INSERT ON presales
FOR EACH ROW EXECUTE FUNCTION begin_presale();

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
    NEW.total := presale_total(lines_total, NEW.discount);

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
    PERFORM require_read_committed();
    SELECT status INTO kept FROM presales WHERE status NOT IN ('draft', 'cancelled') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a pre-sale that is % cannot be deleted', kept
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_kept', TABLE = 'presales', DETAIL = kept;
    END IF;
    PERFORM forget_presale_birth(id) FROM presale_births;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER presales_refuse_truncate
BEFORE TRUNCATE ON presales
FOR EACH STATEMENT EXECUTE FUNCTION refuse_presale_truncate();
