"""Longer fragments of texts."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T09:01:33:878161"
VERSION = "1.38.0"
DESCRIPTION = "Longer fragments of texts"

FORWARDS = r"""
-- Every run of six bytes, and those shorter ones at the end: a text that contains another has a fragment that begins like it,
-- or all of its fragments. An index on them finds what contains something, as pg_trgm would, which not every server has.
-- Longer runs than pg_trgm's are shared by fewer rows, and no more in number. Their bytes are written out, for a key has to be
-- text, and a byte is not always a character. A tsvector has room for 40,000; a longer text has a mark instead, and is
-- looked at whatever is asked for.
-- In PL/pgSQL, which keeps the query's plan from call to call.
CREATE OR REPLACE FUNCTION text_fragments(value text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    bytes bytea := convert_to(value, 'UTF8');
BEGIN
    IF octet_length(bytes) > 40000 THEN
        RETURN array_to_tsvector('{*}');
    END IF;
    RETURN array_to_tsvector(ARRAY(
        SELECT encode(substr(bytes, at, 6), 'escape') FROM generate_series(1, octet_length(bytes)) AS at
    ));
END;
$$;

-- What all texts have that contain this one, and few others do. Of a long one the first fragments tell enough. Null for no text.
CREATE OR REPLACE FUNCTION text_fragments_query(part text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    bytes bytea := convert_to(part, 'UTF8');
    begun text := CASE WHEN octet_length(bytes) < 6 THEN ':*' ELSE '' END;
BEGIN
    RETURN (
        SELECT '(' || string_agg(format('''%s''%s', key, begun), ' & ') || ') | ''*'''
        FROM generate_series(1, least(greatest(octet_length(bytes) - 5, 1), 30)) AS at,
             replace(replace(encode(substr(bytes, at, 6), 'escape'), '\', '\\'), '''', '''''') AS key
        WHERE bytes <> ''
    )::tsquery;
END;
$$;
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS text_fragments_query;
DROP FUNCTION IF EXISTS text_fragments;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
