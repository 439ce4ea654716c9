"""Searches among products and pre-sales take numbers for words, not for parts of one that was typed with spaces."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T22:42:40:851103"
VERSION = "1.38.0"
DESCRIPTION = "Numbers as words"

FORWARDS = r"""
-- What somebody typed where numbers are but words: no runs.
CREATE OR REPLACE FUNCTION words_query(typed text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT string_agg(quote_literal(left(run, 100)) || ':*', ' & ')::tsquery
    FROM regexp_split_to_table(fold(typed), '[^[:alnum:]]+') AS run WHERE run <> ''
);

-- The same query, of beginnings: what has a key of its own there needs no other that begins with it.
CREATE OR REPLACE FUNCTION beginnings_query(words tsquery) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(words::text, '''([^'']{1,6}|[^'']{6,9}[^''0-9])'':\*', '''\1''', 'g')::tsquery;

CREATE OR REPLACE FUNCTION search_beginnings_query(typed text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN beginnings_query(search_query(typed));
"""

BACKWARDS = r"""
-- The same query, of beginnings: what has a key of its own there needs no other that begins with it.
CREATE OR REPLACE FUNCTION search_beginnings_query(typed text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(search_query(typed)::text, '''([^'']{1,6}|[^'']{6,9}[^''0-9])'':\*', '''\1''', 'g')::tsquery;

DROP FUNCTION IF EXISTS beginnings_query;
DROP FUNCTION IF EXISTS words_query;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
