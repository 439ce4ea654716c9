-- Fragments of texts, by which an index finds every part of a text.

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

-- Enough of the fragments of a part of a text to cover it: every third, and the last. All others lie across two of
-- these, and to look for one costs as much as many texts have it.
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
