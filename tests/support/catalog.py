"""What a database is made of, as texts that can be compared."""

import asyncpg

# Each gives pairs: what it is, how it is defined.
QUERIES = {
    "type": (
        "SELECT typname, array_to_string(ARRAY("
        "SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder), ', ') "
        "FROM pg_type AS t WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace"
    ),
    "column": (
        "SELECT attrelid::regclass || '.' || attname, "
        "concat_ws(' ', attnum, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)) "
        "FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid AND relkind = 'r' "
        "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
        "WHERE attnum > 0 AND NOT attisdropped AND relnamespace = 'public'::regnamespace"
    ),
    "constraint": (
        "SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
    ),
    "index": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "sequence": (
        "SELECT sequencename, concat_ws(' ', data_type, start_value, increment_by, cycle, "
        "pg_get_serial_sequence('presales', 'number')) FROM pg_sequences WHERE sequencename = 'presales_number_seq'"
    ),
    "function": (
        "SELECT oid::regprocedure::text, pg_get_functiondef(oid) "
        "FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ),
    "trigger": (
        "SELECT tgrelid::regclass || ' ' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(oid)) "
        "FROM pg_trigger WHERE NOT tgisinternal"
    ),
}

Catalog = dict[str, str]
Rows = dict[str, list[str]]


async def catalog(connection: asyncpg.Connection) -> Catalog:
    """Every type, column, constraint, index, sequence, function and trigger, by kind and name."""
    return {
        f"{kind} {name}": definition
        for kind, sql in QUERIES.items()
        for name, definition in await connection.fetch(sql)
    }


def names_of(catalog: Catalog, kind: str) -> set[str]:
    """What things of this kind are called, without arguments and tables."""
    return {key.split("(")[0].split()[-1] for key in catalog if key.startswith(f"{kind} ")}


async def rows_as_text(connection: asyncpg.Connection) -> Rows:
    """Every row of every table of ours, as text, with where it is from."""
    tables = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'migration%'"
    )
    return {
        table: [record[0] for record in await connection.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")]
        for (table,) in tables
    }
