-- Every search= of the API answers from one of these indexes.

-- A CPF matches from its beginning; a phone with its country code, with its area code (with or without 0), or without.
CREATE OR REPLACE FUNCTION customer_words(name text, email text, cpf text, phone text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN search_words(name || ' ' || email)
    || array_to_tsvector(ARRAY[cpf, substr(phone, 2), substr(phone, 4), '0' || substr(phone, 4), substr(phone, 6)]);

CREATE INDEX IF NOT EXISTS customers_beginnings ON customers
USING gin (search_beginnings(customer_words(name, email, cpf, phone)));

CREATE INDEX IF NOT EXISTS products_beginnings ON products
USING gin (search_beginnings(search_words(code || ' ' || name || ' ' || coalesce(description, ''))));

-- Pre-sales are searched by number and by the name of their customer.
CREATE INDEX IF NOT EXISTS presales_search_number ON presales ((number::text) text_pattern_ops);
CREATE INDEX IF NOT EXISTS customers_name_beginnings ON customers USING gin (search_beginnings(search_words(name)));
