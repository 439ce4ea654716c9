-- However a CPF or a telephone number was typed, one form is stored.
CREATE OR REPLACE FUNCTION normalize_customer() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    -- Not UPDATE OF in the trigger: the types of these columns could not be altered any more.
    IF TG_OP = 'INSERT' OR (NEW.cpf, NEW.phone) IS DISTINCT FROM (OLD.cpf, OLD.phone) THEN
        NEW.cpf := normalize_cpf(NEW.cpf);
        NEW.phone := normalize_phone(NEW.phone);
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER customers_normalize
BEFORE INSERT OR UPDATE ON customers
FOR EACH ROW EXECUTE FUNCTION normalize_customer();

-- Triggers fire in the order of their names: after the normalizing one.
CREATE OR REPLACE TRIGGER customers_touch
BEFORE UPDATE ON customers
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
