"""For each constraint and each rule of the database, a statement that it refuses.

`{customer}` and the like stand for rows that the test makes. Backstops, which other rules never let anybody reach, are
reached with `REPLICA`: no triggers, but constraints.
"""

REPLICA = "SET LOCAL session_replication_role = replica;"
NOBODY = "gen_random_uuid()"


def _copy(table: str, **changes: str) -> str:
    """Inserts a row again, with its id, but with other values where they are unique."""
    changed = ", ".join(f"{column} = {value}" for column, value in changes.items()) or "id = id"
    return (
        f"CREATE TEMP TABLE copied AS SELECT * FROM {table} LIMIT 1; UPDATE copied SET {changed}; "
        f"INSERT INTO {table} SELECT * FROM copied"
    )


REFUSED = {
    "customers_pkey": _copy("customers", cpf="'11144477735'"),
    "customers_cpf_key": _copy("customers", id=NOBODY),
    "customers_name_not_blank": "UPDATE customers SET name = ' '",
    "customers_email_valid": "UPDATE customers SET email = 'x'",
    "customers_phone_valid": "UPDATE customers SET phone = '123'",
    "customers_cpf_valid": "UPDATE customers SET cpf = '12345678901'",
    "customers_times_in_range": "UPDATE customers SET created_at = 'infinity'",
    "products_pkey": _copy("products", code="'other'"),
    "products_code_key": _copy("products", id=NOBODY),
    "products_code_not_blank": "UPDATE products SET code = ''",
    "products_name_not_blank": "UPDATE products SET name = ''",
    "products_stock_not_negative": "UPDATE products SET stock = -1",
    "products_purchase_price_not_negative": "UPDATE products SET purchase_price = -1",
    "products_sale_price_not_negative": "UPDATE products SET sale_price = -1",
    "products_times_in_range": "UPDATE products SET created_at = '-infinity'",
    "presales_pkey": _copy("presales"),
    "presales_number_key": f"{REPLICA} {_copy('presales', id=NOBODY)}",
    "presales_customer_id_fkey": f"INSERT INTO presales (customer_id) VALUES ({NOBODY})",
    "presales_customer_id_fkey:delete": "DELETE FROM customers",
    "presales_discount_not_negative": "UPDATE presales SET discount = -1 WHERE id = '{draft}'",
    "presales_total_not_negative": f"{REPLICA} UPDATE presales SET total = -1",
    "presales_times_in_range": "UPDATE presales SET created_at = '9999-12-31 23:59:59.999999Z'",
    "presales_locked": "UPDATE presales SET discount = 1 WHERE id = '{pending}'",
    "presales_kept": "DELETE FROM presales WHERE id = '{pending}'",
    "presales_transition": "UPDATE presales SET status = 'converted' WHERE id = '{draft}'",
    "presales_no_items": "UPDATE presales SET status = 'pending' WHERE id = '{empty}'",
    "presales_discount_exceeds_sum": "UPDATE presales SET discount = 999, status = 'pending' WHERE id = '{draft}'",
    "presales_stock": (
        "UPDATE products SET stock = 0; UPDATE presales SET status = 'approved' WHERE id = '{pending}'; "
        "UPDATE presales SET status = 'converted' WHERE id = '{pending}'"
    ),
    "presale_items_pkey": _copy("presale_items", presale_id="'{draft}'"),
    "presale_items_presale_id_fkey": (
        f"INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ({NOBODY}, '{{product}}', 1)"
    ),
    "presale_items_product_id_fkey": (
        f"INSERT INTO presale_items (presale_id, product_id, quantity) VALUES ('{{draft}}', {NOBODY}, 1)"
    ),
    "presale_items_product_id_fkey:delete": "DELETE FROM products",
    "presale_items_quantity_positive": "UPDATE presale_items SET quantity = 0",
    "presale_items_unit_price_not_negative": "UPDATE presale_items SET unit_price = -1",
    "presale_items_discount_not_negative": "UPDATE presale_items SET discount = -1",
    "presale_items_discount_within_line": "UPDATE presale_items SET discount = 99999",
    "presale_births_pkey": f"{REPLICA} INSERT INTO presale_births SELECT '{{draft}}' FROM generate_series(1, 2)",
    "idempotency_keys_pkey": _copy("idempotency_keys", key="'other'"),
    "idempotency_keys_user_id_key": _copy("idempotency_keys", id=NOBODY),
    "idempotency_keys_user_id_fkey": (
        f"INSERT INTO idempotency_keys (user_id, key, request) VALUES ({NOBODY}, 'k', '1')"
    ),
    "users_pkey": _copy("users", email="'other@b.co'"),
    "users_email_key": _copy("users", id=NOBODY, email="upper(email)"),
    "users_email_valid": "UPDATE users SET email = 'x'",
    "users_name_not_blank": "UPDATE users SET name = ''",
    "users_password_hashed": "UPDATE users SET password = 'secret'",
    "users_times_in_range": "UPDATE users SET created_at = '0001-01-01Z'",
    "users_last_admin": "DELETE FROM users",
    "sessions_pkey": _copy("sessions", token_hash="repeat('0', 64)"),
    "sessions_token_hash_key": _copy("sessions", id=NOBODY),
    "sessions_user_id_fkey": (f"INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ('x', {NOBODY}, now())"),
    "sessions_user_active": (
        "UPDATE users SET active = false WHERE id = '{user}'; "
        "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ('x', '{user}', now())"
    ),
    "audit_trail_kept": "DELETE FROM audit_trail",
    "audit_trail_pkey": f"{REPLICA} {_copy('audit_trail')}",
    "login_failures_pkey": _copy("login_failures"),
}
