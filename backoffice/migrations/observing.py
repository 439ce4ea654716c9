"""Observes in PostgreSQL's catalog what each statement of a migration does to the tables that existed before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backoffice.database.connecting import Connection
from backoffice.migrations.sql import Statement

STATE = """
SELECT json_build_object(
    'tables', (
        SELECT coalesce(json_object_agg(oid, json_build_object(
            'name', relname, 'file', pg_relation_filenode(oid), 'scans', pg_stat_get_xact_numscans(oid)
        )), '{}')
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    ),
    'columns', (
        SELECT coalesce(json_object_agg(attrelid || '.' || attnum, json_build_object(
            'name', attname, 'type', format_type(atttypid, atttypmod), 'type_number', atttypid || '.' || atttypmod,
            'required', attnotnull, 'filled', atthasdef OR attidentity <> ''
        )), '{}')
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    ),
    'indexes', (
        SELECT coalesce(json_object_agg(indexrelid, json_build_object('table', indrelid::text, 'name', relname)), '{}')
        FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relnamespace = 'public'::regnamespace
    ),
    'labels', (
        SELECT coalesce(json_object_agg(pg_enum.oid, json_build_object('name', enumlabel, 'type', typname)), '{}')
        FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid WHERE typnamespace = 'public'::regnamespace
    ),
    'functions', (
        SELECT coalesce(json_object_agg(oid, md5(prosrc || coalesce(prosqlbody::text, ''))), '{}')
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ),
    'locks', (
        SELECT coalesce(json_object_agg(relation, modes), '{}')
        FROM (
            SELECT relation, json_agg(DISTINCT mode) AS modes FROM pg_locks
            WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted GROUP BY relation
        ) AS held
    )
)
"""
# Indexes, checks and generated columns that keep or once trusted the results of these functions.
FUNCTION_USERS = """
WITH RECURSIVE users AS (
    SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_proc'::regclass AND refobjid = ANY ($1::oid[])
    UNION
    SELECT d.classid, d.objid
    FROM pg_depend AS d JOIN users ON d.refclassid = users.classid AND d.refobjid = users.objid
    WHERE users.classid = 'pg_proc'::regclass
)
SELECT 'index' AS kind, indrelid::text AS "table", indexrelid::regclass::text AS name
FROM users JOIN pg_index ON classid = 'pg_class'::regclass AND indexrelid = objid
UNION
SELECT 'check', conrelid::text, conname
FROM users JOIN pg_constraint AS c ON classid = 'pg_constraint'::regclass AND c.oid = objid
WHERE contype = 'c' AND conrelid <> 0
UNION
SELECT 'generated column', adrelid::text, attname
FROM users JOIN pg_attrdef AS d ON classid = 'pg_attrdef'::regclass AND d.oid = objid
JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
WHERE attgenerated <> ''
ORDER BY 1, 3
"""

CatalogRow = Mapping[str, Any]


@dataclass(frozen=True)
class SchemaState:
    """The schema public and this session's locks at one moment, each thing under its number."""

    tables: Mapping[str, CatalogRow]
    columns: Mapping[str, CatalogRow]
    indexes: Mapping[str, CatalogRow]
    labels: Mapping[str, CatalogRow]
    functions: Mapping[str, str]
    locks: Mapping[str, list[str]]


@dataclass(frozen=True)
class Effect:
    """One statement, the schema before and after it, and the users of the functions that it changed."""

    statement: Statement
    arguments: tuple[Any, ...]
    before: SchemaState
    after: SchemaState
    users: tuple[CatalogRow, ...]


@dataclass
class Observer:
    """A watcher that keeps an effect for each statement."""

    effects: list[Effect] = field(default_factory=list)
    _before: SchemaState | None = None

    async def before(self, connection: Connection, statement: str) -> None:
        self._before = await read_schema_state(connection)

    async def after(self, connection: Connection, statement: str, arguments: tuple[Any, ...]) -> None:
        assert self._before is not None
        after = await read_schema_state(connection)
        changed = [int(oid) for oid, body in self._before.functions.items() if after.functions.get(oid, body) != body]
        users = await connection.fetch(FUNCTION_USERS, changed) if changed else ()
        self.effects.append(
            Effect(Statement(statement.strip().rstrip(";")), arguments, self._before, after, tuple(map(dict, users)))
        )


async def read_schema_state(connection: Connection) -> SchemaState:
    return SchemaState(**json.loads(await connection.fetchval(STATE)))
