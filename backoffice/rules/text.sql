-- What counts as blank, as an e-mail address, and as a word that can be searched for.

-- What checks of tables ask is plpgsql: PostgreSQL would read, plan and build functions in SQL anew for each statement that
-- writes a row, a ninth of what a changed customer costs.

-- True for text without a visible character: white space of every kind, control characters, and what takes no room.
CREATE OR REPLACE FUNCTION is_blank(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp SET standard_conforming_strings = on
AS $$
BEGIN
    RETURN value !~ ('[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f'
        '\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb'
        '\U000e0000-\U000e0fff]');
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
       AND value !~ '@(.*\.)?(?![xX][nN])[^.]{2}--'
       AND value !~ '@.*[^.\u3002\uff0e\uff61]{64}'
       AND value ~ '@.*[.\u3002\uff0e\uff61]'
       AND value !~ '[0-9]$';
END;
$$;

-- Without case. In a database of locale C lower() knows no letters but ASCII's: those with accents are taken apart, and put
-- together again. ASCII is the same everywhere (Turkish would have an i of its own).
CREATE OR REPLACE FUNCTION caseless(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN CASE WHEN octet_length(value) = length(value) THEN lower(value COLLATE "C")
                ELSE normalize(lower(normalize(value, NFD)), NFC) END;
END;
$$;

-- Without case and accents: 'São' and 'SAO' are both 'sao', 'Łukasz' is 'lukasz', 'Strauß' 'strauss'. ASCII has no accents,
-- and is spared the search for them; Portuguese has no letters that are more than a letter with an accent.
CREATE OR REPLACE FUNCTION fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(CASE
    WHEN octet_length(value) = length(value) THEN value
    WHEN value !~ '[^\u0001-\u007fÀ-ÅÇ-ÏÑ-ÖÙ-Ýà-åç-ïñ-öù-ýÿ]'
        THEN regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g')
    ELSE replace(replace(replace(translate(
        regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g'),
        'łŁøØđĐÆŒẞ', 'llooddæœß'), 'æ', 'ae'), 'œ', 'oe'), 'ß', 'ss')
END);

-- What people's words are ordered by, instead of themselves: without case and accents, or Álvaro would come after Zuleica; and
-- only their beginning, since no B-tree holds text of any length. NULL sorts last and gets a key, so that an index
-- tells where the rows after any other begin. Not in SQL, which PostgreSQL would take for as cheap as a comparison, and do
-- for each row. ASCII is the same everywhere, as in caseless().
CREATE OR REPLACE FUNCTION sort_key(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    IF octet_length(value) <= 200 THEN
        RETURN '0' || left(public.fold(lower(value COLLATE "C")), 200);
    END IF;
    RETURN coalesce('0' || left(public.fold(lower(left(value, 200) COLLATE "C")), 200), '1');
END;
$$;

-- The words of a text, folded. Bounded, because a tsvector is: 20,000 characters, 100 per word.
CREATE OR REPLACE FUNCTION long_text_words(value text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT left(word, 100) FROM regexp_split_to_table(fold(left(value, 20000)), '[^[:alnum:]]+') AS word
);

-- It has no subquery, so PostgreSQL can inline it, which halves what it costs. Words of a text of up to 100 bytes need no
-- cutting.
CREATE OR REPLACE FUNCTION search_words(value text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(array_remove(
    CASE WHEN octet_length(value) <= 100 THEN regexp_split_to_array(fold(value), '[^[:alnum:]]+')
         ELSE long_text_words(value) END,
    ''
));

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

-- What the folded text of every row that is found contains, as patterns of LIKE: quick to look for, and rarely there.
CREATE OR REPLACE FUNCTION search_patterns(typed text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT '%' || left(run, 100) || '%' FROM regexp_split_to_table(fold(typed), '[^[:alnum:]]+') AS run
    WHERE run ~ '^[^0-9]+$'
);

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

-- Enough of the fragments of a part of a text to cover it: every third, and the last. All others lie across two of these,
-- and to look for one costs as much as many texts have it.
CREATE OR REPLACE FUNCTION covering_fragments(part text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    every integer[] := fragments(part);
    chosen integer[] := every[cardinality(every):];
BEGIN
    FOR at IN 1 .. cardinality(every) - 1 BY 3 LOOP
        chosen := chosen || every[at];
    END LOOP;
    RETURN chosen;
END;
$$;
