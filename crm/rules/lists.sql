-- A list is ordered by a column and, among equals, by id. Where many rows share a value, one index must hold both:
-- otherwise a page of 25 rows would mean to sort all those that share it. It serves the filters by that value, too.
CREATE INDEX IF NOT EXISTS customers_name_sorted ON customers (sort_key(name) COLLATE "C", id);
CREATE INDEX IF NOT EXISTS customers_address_sorted ON customers (sort_key(address) COLLATE "C", id);

CREATE INDEX IF NOT EXISTS products_name_sorted ON products (sort_key(name) COLLATE "C", id);
CREATE INDEX IF NOT EXISTS products_description_sorted ON products (sort_key(description) COLLATE "C", id);
CREATE INDEX IF NOT EXISTS products_unit_id ON products (unit, id);
CREATE INDEX IF NOT EXISTS products_stock_id ON products (stock, id);
CREATE INDEX IF NOT EXISTS products_purchase_price_id ON products (purchase_price, id);
CREATE INDEX IF NOT EXISTS products_sale_price_id ON products (sale_price, id);
CREATE INDEX IF NOT EXISTS products_sale_type_id ON products (sale_type, id);

CREATE INDEX IF NOT EXISTS presales_notes_sorted ON presales (sort_key(notes) COLLATE "C", id);
CREATE INDEX IF NOT EXISTS presales_status_id ON presales (status, id);
CREATE INDEX IF NOT EXISTS presales_total_id ON presales (total, id);
CREATE INDEX IF NOT EXISTS presales_discount_id ON presales (discount, id);

CREATE INDEX IF NOT EXISTS presale_items_quantity_id ON presale_items (quantity, id);
CREATE INDEX IF NOT EXISTS presale_items_unit_price_id ON presale_items (unit_price, id);
CREATE INDEX IF NOT EXISTS presale_items_total_price_id ON presale_items (total_price, id);
CREATE INDEX IF NOT EXISTS presale_items_discount_id ON presale_items (discount, id);
