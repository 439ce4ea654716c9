"""What words begin with, as keys of an index; letters that do not come apart."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T03:34:51:913215"
VERSION = "1.38.0"
DESCRIPTION = "What words begin with, as keys of an index; letters that do not come apart"

FORWARDS = r"""
-- Without case and accents: 'São' and 'SAO' are both 'sao', 'Łukasz' is 'lukasz', 'Strauß' 'strauss'. ASCII has no accents,
-- and is spared the search for them.
CREATE OR REPLACE FUNCTION fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(CASE WHEN octet_length(value) = length(value) THEN value
    ELSE replace(replace(replace(translate(
        regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g'),
        'łŁøØđĐÆŒẞ', 'llooddæœß'), 'æ', 'ae'), 'œ', 'oe'), 'ß', 'ss') END);

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
-- What somebody typed, as a query in which every typed word begins a word that was indexed.
-- Neighbouring tokens without letters ("529.982", "(11) 98765") also match as one run of digits.
-- Null when nothing that was typed is a word.
CREATE OR REPLACE FUNCTION search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp
AS $$
DECLARE
    token text;
    runs text;
    number text := '';        -- the digits of the present group of tokens without letters
    number_parts text[] := '{}';
    parts text[] := '{}';
BEGIN
    FOREACH token IN ARRAY regexp_split_to_array(fold(typed), '\s+') || ARRAY['.'] LOOP
        SELECT string_agg(quote_literal(left(run, 100)) || ':*', ' & ') INTO runs
        FROM regexp_split_to_table(token, '[^[:alnum:]]+') AS run WHERE run <> '';
        IF token ~ '[0-9]' AND token !~ '[^0-9[:punct:]]' THEN
            number := number || regexp_replace(token, '[^0-9]', '', 'g');
            number_parts := number_parts
                || format('(%L:* | (%s))', left(regexp_replace(token, '[^0-9]', '', 'g'), 100), runs);
            CONTINUE;
        END IF;
        IF number <> '' THEN
            parts := parts || format('((%s) | %L:*)', array_to_string(number_parts, ' & '), left(number, 100));
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

DROP FUNCTION IF EXISTS search_beginnings;
-- Without case and accents: 'São' and 'SAO' are both 'sao'. ASCII has no accents, and is spared the search for them.
CREATE OR REPLACE FUNCTION fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(CASE WHEN octet_length(value) = length(value) THEN value
    ELSE regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g') END);

-- Indexes of words, which whoever went back before this made with the function as it was.
DO $$
DECLARE
    stale regclass;
BEGIN
    FOR stale IN
        SELECT indexrelid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE indexprs IS NOT NULL AND relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('REINDEX INDEX %s', stale);
    END LOOP;
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
