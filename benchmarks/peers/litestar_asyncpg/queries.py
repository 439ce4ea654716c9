"""The SQL, written by hand."""

CUSTOMER = "id, name, email, phone, cpf, address, created_at, updated_at"
PRESALE = "id, number, customer_id, status, total, discount, notes, created_at, updated_at"
MATCHES = "search_beginnings(customer_words(name, email, cpf, phone)) @@ (SELECT search_beginnings_query($1))"

USER = """
SELECT users.id, users.email, users.name, users.role
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.token_hash = $1 AND sessions.expires_at > now() AND users.active
"""
LIST_CUSTOMERS = f"SELECT {CUSTOMER} FROM customers ORDER BY created_at DESC, id LIMIT $1 OFFSET $2"
COUNT_CUSTOMERS = "SELECT count(*) FROM customers"
SEARCH_CUSTOMERS = f"SELECT {CUSTOMER} FROM customers WHERE {MATCHES} ORDER BY created_at DESC, id LIMIT $2 OFFSET $3"
COUNT_FOUND_CUSTOMERS = f"SELECT count(*) FROM customers WHERE {MATCHES}"
UPDATE_CUSTOMER = f"UPDATE customers SET {{assignments}} WHERE id = $1 RETURNING {CUSTOMER}"
READ_PRODUCT = """
SELECT id, code, name, unit, description, stock, purchase_price, sale_price, sale_type, created_at, updated_at
FROM products WHERE id = $1
"""
LIST_PRESALES = f"SELECT {PRESALE} FROM presales ORDER BY created_at DESC, id LIMIT $1 OFFSET $2"
COUNT_PRESALES = "SELECT count(*) FROM presales"
FILTER_PRESALES = f"SELECT {PRESALE} FROM presales WHERE status = $1 ORDER BY created_at DESC, id LIMIT $2 OFFSET $3"
COUNT_FILTERED_PRESALES = "SELECT count(*) FROM presales WHERE status = $1"
READ_PRESALE = f"SELECT {PRESALE} FROM presales WHERE id = $1"
READ_ITEMS = """
SELECT id, presale_id, product_id, quantity, unit_price, total_price, discount
FROM presale_items WHERE presale_id = $1 ORDER BY id
"""
INSERT_PRESALE = "INSERT INTO presales (customer_id, discount, notes) VALUES ($1, $2, $3) RETURNING id"
INSERT_ITEMS = """
INSERT INTO presale_items (presale_id, product_id, quantity, unit_price, discount)
SELECT $1, * FROM unnest($2::uuid[], $3::numeric[], $4::numeric[], $5::numeric[])
"""
HEALTH = "SELECT current_setting('server_version')"
