"""A pre-sale that is written after its lines is born with its total; functions that keep their plans."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-12-01T15:18:51:427343"
VERSION = "1.38.0"
DESCRIPTION = "A pre-sale that is written after its lines is born with its total; functions that keep their plans"

FORWARDS = r"""
-- What a pre-sale costs, shown as 0 while its discount exceeds what its lines cost.
CREATE OR REPLACE FUNCTION presale_total(lines_total numeric, discount numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(lines_total - discount, 0);

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

-- Every role may call it: without its mark a pre-sale only falls under the rules again.
CREATE OR REPLACE FUNCTION forget_presale_birth(presale uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM presale_births WHERE id = presale;
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

-- Those in plpgsql that could be plain SQL keep their plans; SQL would be read and planned anew for each statement.
CREATE OR REPLACE FUNCTION presale_lines_total(presale uuid) RETURNS numeric
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (SELECT coalesce(sum(total_price), 0) FROM presale_items WHERE presale_id = presale);
END;
$$;

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

-- True in the transaction that loads this pre-sale as history: born past draft, together with its lines.
CREATE OR REPLACE FUNCTION presale_is_being_born(presale uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM presale_births WHERE id = presale);

DROP FUNCTION IF EXISTS line_is_counted;
CREATE OR REPLACE FUNCTION presale_lines_total(presale uuid) RETURNS numeric
LANGUAGE sql STABLE
RETURN (SELECT coalesce(sum(total_price), 0) FROM presale_items WHERE presale_id = presale);

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

-- Anybody may: it closes, and opens nothing.
CREATE OR REPLACE FUNCTION forget_presale_birth(presale uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC
    DELETE FROM presale_births WHERE id = presale;
END;

CREATE OR REPLACE FUNCTION begin_presale() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    NEW.number := nextval('presales_number_seq');
    NEW.total := 0;
    RETURN NEW;
END;
$$;

DROP FUNCTION IF EXISTS presale_total;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
