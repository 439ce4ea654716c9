"""Re-creates enum types, which is how labels are removed, moved, and put back."""

import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from backoffice.database.connecting import Connection
from backoffice.database.engine import the_engine
from backoffice.migrations.labels import create_type

# The things that refer to the type by oid, and so must be re-created with it: `drop` in this order, `make` in the
# reverse. Other dependents (a view, a generated column) are named by PostgreSQL when it refuses to drop the old type.
TYPE_USERS = """
WITH RECURSIVE
type AS (SELECT oid, typarray FROM pg_type WHERE oid = to_regtype($1)),
columns AS (
    SELECT attrelid, attnum, attname, pg_get_expr(adbin, adrelid) AS filled
    FROM type JOIN pg_attribute ON atttypid = type.oid JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relkind IN ('r', 'p') AND NOT attisdropped
),
users AS (
    SELECT classid, objid, 1 AS distance FROM pg_depend JOIN type ON refobjid IN (oid, typarray)
    WHERE refclassid = 'pg_type'::regclass
    UNION
    SELECT classid, objid, 1 FROM pg_depend JOIN columns ON refobjid = attrelid AND refobjsubid = attnum
    WHERE refclassid = 'pg_class'::regclass AND classid = 'pg_trigger'::regclass
    UNION
    SELECT d.classid, d.objid, distance + 1 FROM pg_depend AS d
    JOIN users ON d.refclassid = users.classid AND d.refobjid = users.objid
    WHERE users.classid = 'pg_proc'::regclass
),
once AS (SELECT classid, objid, max(distance) AS distance FROM users GROUP BY classid, objid),
anew AS (
    SELECT distance, format('DROP FUNCTION %s', oid::regprocedure) AS drop,
           pg_get_functiondef(oid) || CASE WHEN has_function_privilege('public', oid, 'EXECUTE') THEN ''
               ELSE format('; REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure)
           END AS make
    FROM once JOIN pg_proc ON classid = 'pg_proc'::regclass AND oid = objid
    UNION ALL
    SELECT 1000, format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM once JOIN pg_constraint ON classid = 'pg_constraint'::regclass AND oid = objid WHERE contype = 'c'
    UNION ALL
    SELECT 1000, format('DROP INDEX %s', oid::regclass), pg_get_indexdef(oid)
    FROM once JOIN pg_class ON classid = 'pg_class'::regclass AND oid = objid WHERE relkind = 'i'
    UNION ALL
    SELECT 1000, format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass),
           pg_get_triggerdef(oid) || CASE tgenabled
               WHEN 'O' THEN '' WHEN 'D' THEN format('; ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname)
               WHEN 'A' THEN format('; ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname)
               ELSE format('; ALTER TABLE %s ENABLE REPLICA TRIGGER %I', tgrelid::regclass, tgname)
           END
    FROM once JOIN pg_trigger ON classid = 'pg_trigger'::regclass AND oid = objid WHERE NOT tgisinternal
)
SELECT json_build_object(
    'columns', (
        SELECT coalesce(json_agg(json_build_object(
            'table', attrelid::regclass, 'name', quote_ident(attname), 'filled', filled
        ) ORDER BY attrelid::regclass::text, attnum), '[]') FROM columns
    ),
    'anew', (SELECT coalesce(json_agg(anew ORDER BY distance DESC, drop), '[]') FROM anew)
)
"""
# Bodies that mention the type only in text have no dependency on it, and every session that ran one has it compiled for
# the dropped type: once they are created again, all sessions compile them anew.
BODIES = """
SELECT pg_get_functiondef(pg_proc.oid) FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
WHERE lanname = 'plpgsql' AND pronamespace = 'public'::regnamespace AND pg_has_role(proowner, 'USAGE')
"""
IN_USE = "SELECT {name}::text FROM {table} WHERE {name}::text <> ALL ($1) LIMIT 1"

TypeUser = Mapping[str, str]


class LabelInUse(Exception):
    """Rows have a label that is to be taken away."""


def retype(name: str, labels: Sequence[str]) -> Callable[[], Coroutine[Any, Any, None]]:
    """A step for `MigrationManager.add_raw`: makes the enum type have exactly these labels, in this order.

    It runs in one transaction, which rewrites every table with the type: nobody can read or write it meanwhile.

    :raises LabelInUse: where a row has another label.
    """

    async def run() -> None:
        engine = the_engine()
        async with engine.transaction(), engine.acquire() as connection:
            found = json.loads(await connection.fetchval(TYPE_USERS, name))
            for column in found["columns"]:
                await _refuse_lost_label(connection, column, labels)
            for statement in _statements(name, labels, found["columns"], found["anew"]):
                await connection.execute(statement)
            for body in await connection.fetch(BODIES):
                await connection.execute(body[0])

    run.makes = [create_type(name, list(labels))]  # type: ignore[attr-defined] # as with `script`
    return run


async def _refuse_lost_label(connection: Connection, column: TypeUser, labels: Sequence[str]) -> None:
    lost = await connection.fetchval(IN_USE.format(**column), list(labels))
    if lost is not None:
        raise LabelInUse(f"some rows of {column['table']} still have {column['name']} = {lost}: change them first")


def _statements(
    name: str, labels: Sequence[str], columns: Sequence[TypeUser], anew: Sequence[TypeUser]
) -> Iterator[str]:
    yield from (one["drop"] for one in anew)
    yield f"ALTER TYPE {name} RENAME TO {name}_before"
    yield create_type(name, list(labels)).text
    for column in columns:
        yield _move(column, name)
    yield f"DROP TYPE {name}_before"
    yield from (one["make"] for one in reversed(anew))


def _move(column: TypeUser, type_: str) -> str:
    """The ALTER TABLE; it also re-creates the default, which has the old type."""
    alter = f"ALTER COLUMN {column['name']}"
    move = f"{alter} TYPE {type_} USING {column['name']}::text::{type_}"
    if column["filled"] is not None:
        move = f"{alter} DROP DEFAULT, {move}, {alter} SET DEFAULT {column['filled']}"
    return f"ALTER TABLE {column['table']} {move}"
