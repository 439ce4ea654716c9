"""Searches for several numbers, each typed with spaces."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T09:32:57:695315"
VERSION = "1.38.0"
DESCRIPTION = "Searches for several numbers, each typed with spaces"

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

-- What somebody typed, as a query in which every typed word begins a word that was indexed.
-- Neighbouring tokens without letters ("529.982", "(11) 98765") also match as runs of digits.
-- Null when nothing that was typed is a word.
CREATE OR REPLACE FUNCTION search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp
AS $$
DECLARE
    token text;
    runs text;
    part text;
    numbers text[] := '{}';   -- of the present group of tokens without letters: the digits of each
    alone text[] := '{}';     -- and what it means by itself
    parts text[] := '{}';
BEGIN
    FOREACH token IN ARRAY regexp_split_to_array(fold(typed), '\s+') || ARRAY['.'] LOOP
        SELECT string_agg(quote_literal(left(run, 100)) || ':*', ' & ') INTO runs
        FROM regexp_split_to_table(token, '[^[:alnum:]]+') AS run WHERE run <> '';
        IF token ~ '[0-9]' AND token !~ '[^0-9[:punct:]]' THEN
            numbers := numbers || regexp_replace(token, '[^0-9]', '', 'g');
            part := format('%L:*', left(regexp_replace(token, '[^0-9]', '', 'g'), 100));
            alone := alone || CASE part WHEN runs THEN part ELSE format('(%s | (%s))', part, runs) END;
            CONTINUE;
        END IF;
        IF numbers <> '{}' THEN
            parts := parts || search_numbers(numbers, alone);
            numbers := '{}';
            alone := '{}';
        END IF;
        IF runs IS NOT NULL THEN
            parts := parts || format('(%s)', runs);
        END IF;
    END LOOP;
    IF parts = '{}' THEN
        RETURN NULL;
    END IF;
    RETURN array_to_string(parts, ' & ')::tsquery;
END;
$$;
"""

BACKWARDS = r"""
-- What somebody typed, as a query in which every typed word begins a word that was indexed.
-- Neighbouring tokens without letters ("529.982", "(11) 98765") also match as one run of digits.
-- Null when nothing that was typed is a word.
CREATE OR REPLACE FUNCTION search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp
AS $$
DECLARE
    token text;
    runs text;
    part text;
    number text := '';        -- the digits of the present group of tokens without letters
    number_parts text[] := '{}';
    parts text[] := '{}';
BEGIN
    FOREACH token IN ARRAY regexp_split_to_array(fold(typed), '\s+') || ARRAY['.'] LOOP
        SELECT string_agg(quote_literal(left(run, 100)) || ':*', ' & ') INTO runs
        FROM regexp_split_to_table(token, '[^[:alnum:]]+') AS run WHERE run <> '';
        IF token ~ '[0-9]' AND token !~ '[^0-9[:punct:]]' THEN
            number := number || regexp_replace(token, '[^0-9]', '', 'g');
            part := format('%L:*', left(regexp_replace(token, '[^0-9]', '', 'g'), 100));
            number_parts := number_parts || CASE part WHEN runs THEN part ELSE format('(%s | (%s))', part, runs) END;
            CONTINUE;
        END IF;
        IF number <> '' THEN
            parts := parts || CASE cardinality(number_parts)
                WHEN 1 THEN number_parts[1]
                ELSE format('((%s) | %L:*)', array_to_string(number_parts, ' & '), left(number, 100))
            END;
            number := '';
            number_parts := '{}';
        END IF;
        IF runs IS NOT NULL THEN
            parts := parts || format('(%s)', runs);
        END IF;
    END LOOP;
    IF parts = '{}' THEN
        RETURN NULL;
    END IF;
    RETURN array_to_string(parts, ' & ')::tsquery;
END;
$$;

DROP FUNCTION IF EXISTS search_numbers;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
