"""Signs that stand alone keep no digits apart in a search; domains may begin with XN-- as well as xn--."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T09:57:09:133796"
VERSION = "1.38.0"
DESCRIPTION = "Signs between numbers, and the case of domains"

FORWARDS = r"""
-- As forgiving as a back office can be: letters of any script, but nothing invisible, nothing that needs quotes, and a
-- domain with a dot that is not a number. Line by line: one @; no such character; no empty part between dots; no accent at
-- the beginning, nor at that of a part of the domain; no symbols in the domain; no hyphen at the edge of its parts, nor two
-- that are not for other scripts; no part too long for the Domain Name System; a dot (of any script), and no digit at the
-- end, where no top-level domain has one.
CREATE OR REPLACE FUNCTION is_email(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp SET standard_conforming_strings = on
AS $$
BEGIN
    RETURN length(value) <= 254
       AND value ~ '^[^@]{1,64}@[^@]+$'
       AND value !~ ('[][()<>:;,\\"\u0001-\u0020\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f'
           '\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]')
       AND value !~ '(^|[.@])([.@]|$)'
       AND value !~ '^[\u0300-\u036f]|@(.*[.\u3002\uff0e\uff61])?[\u0300-\u036f]'
       AND value !~ '@.*[!#$%&''*+/=?^_`{|}~\u2190-\u245f\u2500-\u2bff\U0001f000-\U0001f0ff\U0001f300-\U0001faff]'
       AND value !~ '@(.*\.)?-|@.*-(\.|$)'
       AND value !~ '@(.*\.)?(?![xX][nN])[^.]{2}--'
       AND value !~ '@.*[^.\u3002\uff0e\uff61]{64}'
       AND value ~ '@.*[.\u3002\uff0e\uff61]'
       AND value !~ '[0-9]$';
END;
$$;

-- What somebody typed, as a query in which every typed word begins a word that was indexed.
-- Neighbouring tokens without letters ("529.982", "(11) 98765 - 4321") also match as runs of digits.
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
    -- Signs that stand alone mean nothing, and keep nothing apart.
    FOREACH token IN ARRAY regexp_split_to_array(fold(typed), '\s+([^[:alnum:]\s]+\s+)*') || ARRAY['.'] LOOP
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

-- As forgiving as a back office can be: letters of any script, but nothing invisible, nothing that needs quotes, and a
-- domain with a dot that is not a number. Line by line: one @; no such character; no empty part between dots; no accent at
-- the beginning, nor at that of a part of the domain; no symbols in the domain; no hyphen at the edge of its parts, nor two
-- that are not for other scripts; no part too long for the Domain Name System; a dot (of any script), and no digit at the
-- end, where no top-level domain has one.
CREATE OR REPLACE FUNCTION is_email(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp SET standard_conforming_strings = on
AS $$
BEGIN
    RETURN length(value) <= 254
       AND value ~ '^[^@]{1,64}@[^@]+$'
       AND value !~ ('[][()<>:;,\\"\u0001-\u0020\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f'
           '\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]')
       AND value !~ '(^|[.@])([.@]|$)'
       AND value !~ '^[\u0300-\u036f]|@(.*[.\u3002\uff0e\uff61])?[\u0300-\u036f]'
       AND value !~ '@.*[!#$%&''*+/=?^_`{|}~\u2190-\u245f\u2500-\u2bff\U0001f000-\U0001f0ff\U0001f300-\U0001faff]'
       AND value !~ '@(.*\.)?-|@.*-(\.|$)'
       AND value !~ '@(.*\.)?(?!xn)[^.]{2}--'
       AND value !~ '@.*[^.\u3002\uff0e\uff61]{64}'
       AND value ~ '@.*[.\u3002\uff0e\uff61]'
       AND value !~ '[0-9]$';
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
