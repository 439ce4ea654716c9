-- Every filter for a part of a text answers from one of these indexes: one for all texts of a table. The rows found are
-- looked at again, for the column that was meant. Line breaks tell where a text begins and ends: of those that contain
-- santos few begin with it.
CREATE INDEX IF NOT EXISTS customers_parts ON customers USING gin (fragments(caseless(
    E'\n' || name || E'\n' || email || E'\n' || phone || E'\n' || cpf || E'\n' || coalesce(address, '') || E'\n'
)));

CREATE INDEX IF NOT EXISTS products_parts ON products USING gin (fragments(caseless(
    E'\n' || code || E'\n' || name || E'\n' || unit || E'\n' || coalesce(description, '') || E'\n' || sale_type || E'\n'
)));

CREATE INDEX IF NOT EXISTS presales_parts ON presales
USING gin (fragments(caseless(E'\n' || coalesce(notes, '') || E'\n')));

-- A whole text, of any length.
CREATE INDEX IF NOT EXISTS customers_address ON customers USING hash (address);
CREATE INDEX IF NOT EXISTS products_description ON products USING hash (description);
CREATE INDEX IF NOT EXISTS presales_notes ON presales USING hash (notes);
