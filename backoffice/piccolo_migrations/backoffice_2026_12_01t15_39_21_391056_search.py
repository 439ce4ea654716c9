"""Functions of searches that keep their plans."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-12-01T15:39:21:391056"
VERSION = "1.38.0"
DESCRIPTION = "Functions of searches that keep their plans"

FORWARDS = r"""
-- What somebody typed where numbers are but words: no runs. Not in SQL, which PostgreSQL would read and plan anew for
-- each search.
CREATE OR REPLACE FUNCTION words_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN (
        SELECT string_agg(quote_literal(left(run, 100)) || ':*', ' & ')
        FROM regexp_split_to_table(fold(typed), '[^[:alnum:]]+') AS run WHERE run <> ''
    );
END;
$$;

-- What the folded text of every row that is found contains, as patterns of LIKE: quick to look for, and rarely there.
CREATE OR REPLACE FUNCTION search_patterns(typed text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN ARRAY(
        SELECT '%' || left(run, 100) || '%' FROM regexp_split_to_table(fold(typed), '[^[:alnum:]]+') AS run
        WHERE run ~ '^[^0-9]+$'
    );
END;
$$;
"""

BACKWARDS = r"""
-- What the folded text of every row that is found contains, as patterns of LIKE: quick to look for, and rarely there.
CREATE OR REPLACE FUNCTION search_patterns(typed text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT '%' || left(run, 100) || '%' FROM regexp_split_to_table(fold(typed), '[^[:alnum:]]+') AS run
    WHERE run ~ '^[^0-9]+$'
);

-- What somebody typed where numbers are but words: no runs.
CREATE OR REPLACE FUNCTION words_query(typed text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT string_agg(quote_literal(left(run, 100)) || ':*', ' & ')::tsquery
    FROM regexp_split_to_table(fold(typed), '[^[:alnum:]]+') AS run WHERE run <> ''
);

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
