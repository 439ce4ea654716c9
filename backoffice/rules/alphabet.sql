-- Text without case and accents: how it is compared, and what it is ordered by.

-- Without case. In a database of locale C lower() knows no letters but ASCII's: those with accents are taken apart, and
-- put together again. ASCII is the same everywhere (Turkish would have an i of its own).
CREATE OR REPLACE FUNCTION caseless(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN CASE WHEN octet_length(value) = length(value) THEN lower(value COLLATE "C")
                ELSE normalize(lower(normalize(value, NFD)), NFC) END;
END;
$$;

-- Without case and accents: 'São' and 'SAO' are both 'sao', 'Łukasz' is 'lukasz', 'Strauß' 'strauss'. ASCII has no
-- accents, and is spared the search for them; Portuguese has no letters that are more than a letter with an accent.
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

-- What people's words are ordered by, instead of themselves: without case and accents, or Álvaro would come after
-- Zuleica; and only their beginning, since no B-tree holds text of any length. NULL sorts last and gets a key, so that
-- an index tells where the rows after any other begin. Not in SQL, which PostgreSQL would take for as cheap as a
-- comparison, and do for each row. ASCII is the same everywhere, as in caseless().
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
