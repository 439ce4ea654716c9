"""A birth ends with the first move, and only rules mark one."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T09:19:32:533125"
VERSION = "1.38.0"
DESCRIPTION = "A birth ends with the first move, and only rules mark one"

FORWARDS = r"""
-- History: whoever loads old pre-sales (fixtures, SQL) gives them their status at birth. A mark lets their lines in, until
-- they make a move, are deleted, or the transaction ends. Marks are written with the rights of their owner, since whoever
-- else could would open finished pre-sales.
CREATE OR REPLACE FUNCTION mark_presale_birth() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO presale_births (id) VALUES (NEW.id);
    RETURN NULL;
END;
$$;

-- Anybody may: it closes, and opens nothing.
CREATE OR REPLACE FUNCTION forget_presale_birth(presale uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC
    DELETE FROM presale_births WHERE id = presale;
END;

CREATE OR REPLACE FUNCTION forget_deleted_birth() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM forget_presale_birth(OLD.id);
    RETURN NULL;
END;
$$;

-- A draft has no mark: either it was born as one, or it has made a move.
CREATE OR REPLACE TRIGGER presales_forget_deleted_birth
AFTER DELETE ON presales
FOR EACH ROW
WHEN (OLD.status <> 'draft')
EXECUTE FUNCTION forget_deleted_birth();

CREATE OR REPLACE FUNCTION end_presale_birth() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
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

REVOKE EXECUTE ON FUNCTION mark_presale_birth(), end_presale_birth() FROM PUBLIC;

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
"""

BACKWARDS = r"""
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

DROP TRIGGER IF EXISTS presales_forget_deleted_birth ON presales;
DROP FUNCTION IF EXISTS forget_deleted_birth;
DROP FUNCTION IF EXISTS forget_presale_birth;
GRANT EXECUTE ON FUNCTION mark_presale_birth(), end_presale_birth() TO PUBLIC;
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

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
