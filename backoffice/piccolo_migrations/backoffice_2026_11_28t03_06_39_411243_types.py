"""What words begin with, as keys of an index."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T03:06:39:411243"
VERSION = "1.38.0"
DESCRIPTION = "What words begin with, as keys of an index"

FORWARDS = r"""
-- Words, and what they begin with: up to 6 characters, or up to 10 before the digits at the end. In an index on these
-- whatever is typed has one key, and several words are found by skipping from one to the other. In an index on words all
-- that begin so are gathered first, and with the table grow those that nobody shares: numbers, and names with a number in
-- e-mails.
CREATE OR REPLACE FUNCTION search_beginnings(words tsvector) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000
AS $$
DECLARE
    whole text[] := tsvector_to_array(words);
BEGIN
    RETURN array_to_tsvector(whole || ARRAY(
        SELECT unnest((ARRAY[left(word, 1), left(word, 2), left(word, 3), left(word, 4), left(word, 5),
                             left(word, 6), left(word, 7), left(word, 8), left(word, 9), left(word, 10)]
            )[:greatest(6, length(rtrim(word, '0123456789')))])
        FROM unnest(whole) AS word
    ));
END;
$$;

-- The same query, of beginnings: what has a key of its own there needs no other that begins with it.
CREATE OR REPLACE FUNCTION search_beginnings_query(typed text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(search_query(typed)::text, '''([^'']{1,6}|[^'']{6,9}[^''0-9])'':\*', '''\1''', 'g')::tsquery;

-- What the folded text of every row that is found contains, as patterns of LIKE: quick to look for, and rarely there.
CREATE OR REPLACE FUNCTION search_patterns(typed text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT '%' || left(run, 100) || '%' FROM regexp_split_to_table(fold(typed), '[^[:alnum:]]+') AS run
    WHERE run ~ '^[^0-9]+$'
);
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS search_patterns;
DROP FUNCTION IF EXISTS search_beginnings_query;
DROP FUNCTION IF EXISTS search_beginnings;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
