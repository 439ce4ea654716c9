-- Words: those of a text, those that somebody typed, and what they begin with. Each app has its own indexes on them.

-- The words of a text, folded. Bounded, because a tsvector is: 20,000 characters, 100 per word.
CREATE OR REPLACE FUNCTION long_text_words(value text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT left(word, 100) FROM regexp_split_to_table(fold(left(value, 20000)), '[^[:alnum:]]+') AS word
);

-- It has no subquery, so PostgreSQL can inline it, which halves what it costs. Words of a text of up to 100 bytes need
-- no cutting.
CREATE OR REPLACE FUNCTION search_words(value text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(array_remove(
    CASE WHEN octet_length(value) <= 100 THEN regexp_split_to_array(fold(value), '[^[:alnum:]]+')
         ELSE long_text_words(value) END,
    ''
));

-- Words, and what they begin with: up to 6 characters, or up to 10 before the digits at the end. In an index on these
-- whatever is typed has one key, and several words are found by skipping from one to the other. In an index on words
-- all that begin so are gathered first, and with the table grow those that nobody shares: numbers, and names with a
-- number in e-mails.
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

-- Neighbouring tokens of digits, as a query in which each begins a word, by itself or in a run with neighbours: where a
-- number ends in '24 11 98765 4321' nobody can tell. Runs may overlap, which finds hardly more than every way to cut
-- them would, and is a much smaller query. Of more than ten tokens the only run is all of them.
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

-- The same query, of beginnings: what has a key of its own there needs no other that begins with it.
CREATE OR REPLACE FUNCTION beginnings_query(words tsquery) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(words::text, '''([^'']{1,6}|[^'']{6,9}[^''0-9])'':\*', '''\1''', 'g')::tsquery;

CREATE OR REPLACE FUNCTION search_beginnings_query(typed text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN beginnings_query(search_query(typed));

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
