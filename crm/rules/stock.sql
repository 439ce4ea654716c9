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
