"""40,000 rows of each table, and what is asked of them."""

from urllib.parse import urlencode

import asyncpg
import pytest

from accounts.resources import AUDIT_TRAIL, USERS
from backoffice.api.list_queries import large_page_statement
from backoffice.api.page import Page
from backoffice.api.query import Parameters
from backoffice.api.resource import Resource
from backoffice.api.selects import Statement
from crm.resources import CUSTOMERS, PRESALES, PRODUCTS, RESOURCES
from tests.support.builders import PASSWORD_HASH, nth_cpf

ROWS = 40_000  # the fewer there are, the more it tempts PostgreSQL to read them all
FEW = ROWS // 100
TABLES = ("users", "customers", "products", "presales", "presale_items", "audit_trail")
FILL = f"""
    INSERT INTO users (email, password, name, role, active, created_at, updated_at)
    SELECT 'user' || n || '@flowcrm.example', '{PASSWORD_HASH}', 'User ' || n, (enum_range(NULL::user_role))[1 + n % 3],
           n % 10 > 0, moment, moment
    FROM generate_series(1, {ROWS}) AS n, LATERAL (SELECT now() - n * interval '1 minute') AS t (moment);
    INSERT INTO customers (name, email, phone, cpf, address, created_at, updated_at)
    SELECT names[1 + n % 7] || ' ' || names[1 + n / 7 % 7] || ' ' || names[1 + n / 49 % 7]
           || CASE n WHEN 7 THEN ' Rara' ELSE '' END,
           'customer' || n || '@example.com', '+55119' || 10000000 + n, cpf, 'Rua ' || n % 700,
           moment, moment
    FROM cpfs, LATERAL (SELECT now() - n * interval '1 minute') AS t (moment),
         (SELECT '{{Ana,Bruno,João,Silva,Silva,Souza,Conceição}}'::text[]) AS u (names);
    INSERT INTO products (code, name, unit, description, stock, purchase_price, sale_price, sale_type, created_at,
                          updated_at)
    SELECT 'P' || n, 'Café número ' || n, (ARRAY['un', 'kg'])[1 + n % 2],
           CASE WHEN n % 2 = 0 THEN 'lote ' || n % 900 END, n % 50, n % 500, n % 900,
           'type ' || n % 20, moment, moment
    FROM generate_series(1, {ROWS}) AS n, LATERAL (SELECT now() - n * interval '1 minute') AS t (moment);
    INSERT INTO presales (number, customer_id, status, total, discount, notes, created_at, updated_at)
    SELECT row_number() OVER (), id, (enum_range(NULL::presale_status))[1 + row_number() OVER () % 5],
           row_number() OVER () % 1000, row_number() OVER () % 3,
           CASE row_number() OVER () % 400 WHEN 7 THEN 'urgente ' || row_number() OVER () END, created_at, created_at
    FROM customers;
    INSERT INTO presale_items (presale_id, product_id, quantity, unit_price, total_price, discount)
    SELECT presale.id, product.id, 1 + n % 20, 1 + n % 100, n % 1000, n % 2
    FROM (SELECT id, row_number() OVER () AS n FROM presales) AS presale
    JOIN (SELECT id, row_number() OVER () AS n FROM products) AS product USING (n);
    INSERT INTO audit_trail (happened_at, who, user_id, database_role, table_name, action, row_id, row_name)
    SELECT now() - n * interval '1 minute', 'user' || n % 50 || '@flowcrm.example',
           ('00000000-0000-0000-0000-' || lpad((n % 50)::text, 12, '0'))::uuid, 'flowcrm',
           (ARRAY['customers', 'presales', 'presale_items', 'products', 'users'])[1 + n % 5],
           (enum_range(NULL::audit_action))[1 + n % 3], gen_random_uuid(), 'Row ' || n
    FROM generate_series(1, {ROWS}) AS n;
"""


async def fill(connection: asyncpg.Connection) -> None:
    """Rows as the rules would make them; checks, triggers and most indexes wait outside, for speed."""
    indexes = await connection.fetch(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE NOT indisunique AND indrelid = ANY ($1::regclass[])",
        list(TABLES),
    )
    await connection.execute("SET maintenance_work_mem = '512MB'; SET default_statistics_target = 25")
    await connection.execute("".join(f"DROP INDEX {name};" for name, _ in indexes))
    checks = await connection.fetch(
        "SELECT conrelid::regclass, quote_ident(conname) FROM pg_constraint "
        "WHERE contype = 'c' AND conrelid = ANY ($1::regclass[])",
        list(TABLES),
    )
    await connection.execute("".join(f"ALTER TABLE {table} DROP CONSTRAINT {name};" for table, name in checks))
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("CREATE TEMPORARY TABLE cpfs (n integer, cpf text)")
    await connection.copy_records_to_table("cpfs", records=[(n, nth_cpf(n)) for n in range(1, ROWS + 1)])
    await connection.execute(FILL)
    await connection.execute("RESET session_replication_role")
    await connection.execute(";".join(definition for _, definition in indexes))
    await connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")


def page(resource: Resource, **parameters: str) -> Page:
    window = {} if "cursor" in parameters else {"offset": "50"}
    query = urlencode(window | parameters).encode()
    return Parameters(resource, query).page()


def rows_of(resource: Resource, page: Page) -> Statement:
    """The page, and its total where there is a condition, as it is asked of a large table."""
    return large_page_statement(resource.table, page)


ALL = (*RESOURCES, USERS, AUDIT_TRAIL)
ORDERED = [pytest.param(resource, name, id=f"{resource.path}-{name}") for resource in ALL for name in resource.ordered]
FILTERED = [
    pytest.param(resource, name, id=f"{resource.path}-{name}") for resource in ALL for name in resource.filtered
]
PARTS = [
    pytest.param(resource, name, id=f"{resource.path}-{name}")
    for resource in ALL
    for name in resource.filtered
    if resource.has_parts(name)
]
COMBINED = [
    (CUSTOMERS, {"name": "silva", "name__match": "starts", "search": "ana"}),
    (CUSTOMERS, {"name": "silva", "name__match": "starts", "search": "customer5001"}),
    (CUSTOMERS, {"name": "silva", "name__match": "starts", "address": "rua 5", "address__match": "starts"}),
    (CUSTOMERS, {"name": "ana", "email": "5@example", "search": "silva"}),
    (PRODUCTS, {"stock": "7", "search": "cafe"}),
    (PRODUCTS, {"stock": "7", "stock__operator": "gt", "search": "cafe"}),
    (PRODUCTS, {"code": "p7777", "search": "cafe"}),
    (PRESALES, {"number": "777", "search": "ana"}),
    (PRESALES, {"notes": "urgente", "search": "souza ana"}),
    (PRESALES, {"search": "77 ana"}),
]
SEARCHES = [
    (CUSTOMERS, "ana"),
    (CUSTOMERS, "ana silva"),
    (CUSTOMERS, "rara"),
    (CUSTOMERS, "nobody"),
    (CUSTOMERS, "customer500@example"),
    (CUSTOMERS, "200.000.5"),
    (CUSTOMERS, "(11) 91000-05"),
    (CUSTOMERS, "200 000 5 11 91000 05"),
    (PRODUCTS, "cafe"),
    (PRODUCTS, "p777"),
    (PRODUCTS, "nothing"),
    (PRESALES, "12345"),
    (PRESALES, "#777"),
    (PRESALES, "rara"),
    (PRESALES, "ana rara"),
    (PRESALES, "nobody"),
    (PRESALES, "ana"),
]


def exactly(resource: Resource, name: str) -> dict[str, str]:
    return {f"{name}__match": "exact"} if resource.has_parts(name) else {}


NEARBY = [
    (CUSTOMERS, {"search": "ana"}),
    (CUSTOMERS, {"search": "ana silva", "__order": "name"}),
    (CUSTOMERS, {"search": "customer5", "__order": "email,-cpf"}),
    (CUSTOMERS, {"search": "rara"}),
    (CUSTOMERS, {"name": "conceição", "__order": "-id"}),
    (CUSTOMERS, {"name": "conceição", "name__match": "starts"}),
    (CUSTOMERS, {"name": "ana b", "name__match": "starts", "__order": "-name,cpf"}),
    (CUSTOMERS, {"name": "conceição", "email": "77", "search": "bruno"}),
    (PRODUCTS, {"search": "cafe", "unit": "kg"}),
    (PRODUCTS, {"code": "p77", "code__match": "starts"}),
    (PRODUCTS, {"description": "nothing", "__order": "description,-code"}),
    (PRESALES, {"search": "souza", "status": "draft"}),
    (PRESALES, {"search": "1"}),
    (PRESALES, {"search": "1 rara"}),
]
PLANNED_ANEW = [
    (PRESALES, {"discount": "0"}),
    (PRESALES, {"total__operator": "gt", "total": "990"}),
    (CUSTOMERS, {"name": "Ana Ana Ana", "name__match": "exact"}),
    (PRODUCTS, {"unit": "kg", "stock__operator": "lt", "stock": "3"}),
]
FEW_FIRST = [
    (CUSTOMERS, {"name": "Ana Ana Ana", "name__match": "exact"}),
    (CUSTOMERS, {"name": "s", "name__match": "starts", "__order": "-created_at,name"}),
    (CUSTOMERS, {"name": "s", "name__match": "starts", "__order": "name"}),
    (PRODUCTS, {"stock": "7", "__order": "-unit,name"}),
    (PRESALES, {"total__operator": "gt", "total": "990", "__order": "notes"}),
    (PRESALES, {"status": "draft", "discount": "2", "__order": "-total"}),
    (PRESALES, {"discount": "77777"}),
]
