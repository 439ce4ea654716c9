-- Converting a pre-sale takes its quantities from the stock: once, and all lines or none.

-- What these pre-sales need of each product: each of them whole units.
CREATE OR REPLACE FUNCTION presale_needs(presales uuid[]) RETURNS TABLE (product_id uuid, units numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT product_id, sum(units)
    FROM (SELECT product_id, ceil(sum(quantity)) AS units
          FROM presale_items WHERE presale_id = ANY (presales) GROUP BY presale_id, product_id) AS each
    GROUP BY product_id;
END;

CREATE OR REPLACE FUNCTION take_stock() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    converted uuid[] := ARRAY(
        SELECT id FROM after JOIN before USING (id) WHERE after.status = 'converted' AND before.status <> 'converted'
    );
    short json;
    names text;
BEGIN
    IF converted = '{}' THEN
        RETURN NULL;
    END IF;

    -- In the order of their ids, so that two conversions, of however many pre-sales, never wait for each other.
    PERFORM FROM products
    WHERE id IN (SELECT product_id FROM presale_items WHERE presale_id = ANY (converted))
    ORDER BY id FOR NO KEY UPDATE;

    -- By their codes, too, as they are shown elsewhere: two may be called alike.
    SELECT json_agg(json_build_object('name', shown, 'needed', units, 'stock', stock) ORDER BY name, code),
           string_agg(shown, ', ' ORDER BY name, code)
    INTO short, names
    FROM presale_needs(converted) JOIN products ON id = product_id, concat(code, ' - ', name) AS shown
    WHERE units > stock;

    IF short IS NOT NULL THEN
        RAISE EXCEPTION 'too little stock of: %', names
            USING ERRCODE = 'check_violation', CONSTRAINT = 'presales_stock', TABLE = 'presales', DETAIL = short;
    END IF;

    UPDATE products SET stock = stock - units FROM presale_needs(converted) WHERE id = product_id;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER presales_take_stock
AFTER UPDATE ON presales
REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION take_stock();
