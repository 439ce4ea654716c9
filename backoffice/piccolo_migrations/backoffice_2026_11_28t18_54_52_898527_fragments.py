"""Texts are cut into fragments in a loop."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T18:54:52:898527"
VERSION = "1.38.0"
DESCRIPTION = "Fragments in a loop"

FORWARDS = r"""
-- Every run of three bytes, whatever the case: a text that contains another has all of its fragments. An index on them
-- finds what contains something, as pg_trgm would, which not every server has.
-- A loop, since beginning a query takes longer than all of it.
CREATE OR REPLACE FUNCTION fragments(value text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    bytes bytea := convert_to(lower(value), 'UTF8');
    found integer[] := '{}';
BEGIN
    FOR at IN 1 .. octet_length(bytes) - 2 LOOP
        found[at] := get_byte(bytes, at - 1) << 16 | get_byte(bytes, at) << 8 | get_byte(bytes, at + 1);
    END LOOP;
    RETURN found;
END;
$$;
"""

BACKWARDS = r"""
-- Every run of three bytes, whatever the case: a text that contains another has all of its fragments. An index on them
-- finds what contains something, as pg_trgm would, which not every server has.
-- In PL/pgSQL, which keeps the query's plan from call to call.
CREATE OR REPLACE FUNCTION fragments(value text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    bytes bytea := convert_to(lower(value), 'UTF8');
BEGIN
    RETURN ARRAY(
        SELECT get_byte(bytes, at) << 16 | get_byte(bytes, at + 1) << 8 | get_byte(bytes, at + 2)
        FROM generate_series(0, octet_length(bytes) - 3) AS at
    );
END;
$$;

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
