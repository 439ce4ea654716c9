-- History: whoever loads old pre-sales (fixtures, SQL) gives them their status at birth. A mark lets their lines in,
-- until they make a move, are deleted, or the transaction ends. Marks are written with the rights of their owner, since
-- whoever else could would open finished pre-sales.
CREATE OR REPLACE FUNCTION mark_presale_birth() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO presale_births (id) VALUES (NEW.id);
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER presales_mark_birth
AFTER INSERT ON presales
FOR EACH ROW
WHEN (NEW.status <> 'draft')
EXECUTE FUNCTION mark_presale_birth();

-- Their owner makes no marks by hand either, by mistake: a trigger of the owner's own still could.
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

-- Every role may call it: without its mark a pre-sale only falls under the rules again.
CREATE OR REPLACE FUNCTION forget_presale_birth(presale uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM presale_births WHERE id = presale;
END;
$$;

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

DROP TRIGGER IF EXISTS presale_births_end ON presale_births;
CREATE CONSTRAINT TRIGGER presale_births_end
AFTER INSERT ON presale_births
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION end_presale_birth();

REVOKE EXECUTE ON FUNCTION mark_presale_birth(), end_presale_birth() FROM PUBLIC;
