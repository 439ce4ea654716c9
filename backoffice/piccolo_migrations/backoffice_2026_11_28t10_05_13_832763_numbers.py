"""Searches for numbers, read without a query of their own."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T10:05:13:832763"
VERSION = "1.38.0"
DESCRIPTION = "Searches for numbers, read without a query of their own"

FORWARDS = r"""
-- Neighbouring tokens of digits, as a query in which each begins a word, by itself or in a run with neighbours: where a number
-- ends in '24 11 98765 4321' nobody can tell. Runs may overlap, which finds hardly more than every way to cut them would, and
-- is a much smaller query. Of more than ten tokens the only run is all of them.
CREATE OR REPLACE FUNCTION search_numbers(numbers text[], alone text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    size integer := cardinality(numbers);
    runs text;
    clauses text[] := '{}';
BEGIN
    IF size > 10 THEN
        RETURN format('(%s | %L:*)', array_to_string(alone, ' & '), left(array_to_string(numbers, ''), 100));
    END IF;
    FOR at IN 1 .. size LOOP
        runs := alone[at];
        FOR start IN 1 .. at LOOP
            FOR stop IN greatest(at, start + 1) .. size LOOP
                runs := runs || format(' | %L:*', left(array_to_string(numbers[start:stop], ''), 100));
            END LOOP;
        END LOOP;
        clauses := clauses || format('(%s)', runs);
    END LOOP;
    RETURN array_to_string(clauses, ' & ');
END;
$$;
"""

BACKWARDS = r"""
-- Neighbouring tokens of digits, as a query in which each begins a word, by itself or in a run with neighbours: where a number
-- ends in '24 11 98765 4321' nobody can tell. Runs may overlap, which finds hardly more than every way to cut them would, and
-- is a much smaller query. Of more than ten tokens the only run is all of them.
CREATE OR REPLACE FUNCTION search_numbers(numbers text[], alone text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cardinality(numbers) > 10 THEN
    format('(%s | %L:*)', array_to_string(alone, ' & '), left(array_to_string(numbers, ''), 100))
ELSE (
    SELECT string_agg(format('(%s)', (
        SELECT string_agg(
            CASE WHEN first = last THEN alone[at]
                 ELSE format('%L:*', left(array_to_string(numbers[first:last], ''), 100)) END,
            ' | ')
        FROM generate_series(1, at) AS first, generate_series(at, cardinality(numbers)) AS last
    )), ' & ')
    FROM generate_series(1, cardinality(numbers)) AS at
) END;

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
