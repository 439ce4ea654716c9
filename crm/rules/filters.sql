-- Every filter for a part of a text answers from one of these indexes: one for all texts of a table. The rows found are
-- looked at again, for the column that was meant.
CREATE INDEX IF NOT EXISTS customers_fragments ON customers
USING gin (fragments(caseless(name || ' ' || email || ' ' || phone || ' ' || cpf || ' ' || coalesce(address, ''))));

CREATE INDEX IF NOT EXISTS products_fragments ON products
USING gin (fragments(caseless(code || ' ' || name || ' ' || unit || ' ' || coalesce(description, '') || ' ' || sale_type)));

CREATE INDEX IF NOT EXISTS presales_fragments ON presales USING gin (fragments(caseless(coalesce(notes, ''))));

-- A whole text, of any length.
CREATE INDEX IF NOT EXISTS customers_address ON customers USING hash (address);
CREATE INDEX IF NOT EXISTS products_description ON products USING hash (description);
CREATE INDEX IF NOT EXISTS presales_notes ON presales USING hash (notes);
