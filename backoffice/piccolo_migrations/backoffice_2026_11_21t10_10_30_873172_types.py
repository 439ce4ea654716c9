"""Texts whatever their case, in every locale; their words in half the time."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T10:10:30:873172"
VERSION = "1.38.0"
DESCRIPTION = "Texts whatever their case, in every locale; their words in half the time"

# Warnings of `piccolo backoffice lint`, and why they need no heed here.
ACCEPTED = {
    "stale-index": "the words are the same as before; what is made of fragments is built anew by the other apps",
}

FORWARDS = r"""
-- Without case, also in a database whose locale knows no letters beyond ASCII (C): letters are taken apart into what lower()
-- knows everywhere and their accents, and put together again.
CREATE OR REPLACE FUNCTION caseless(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(value) = length(value) THEN lower(value)
    ELSE normalize(lower(normalize(value, NFD)), NFC) END;

-- Without case and accents: 'São' and 'SAO' are both 'sao'. ASCII has no accents, and is spared the search for them.
CREATE OR REPLACE FUNCTION fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(CASE WHEN octet_length(value) = length(value) THEN value
    ELSE regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g') END);

-- The words of a text, folded. Bounded, because a tsvector is: 20,000 characters, 100 per word.
CREATE OR REPLACE FUNCTION long_text_words(value text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT left(word, 100) FROM regexp_split_to_table(fold(left(value, 20000)), '[^[:alnum:]]+') AS word
);

-- Without a query of its own PostgreSQL takes it as a part of the queries that call it, which halves what it costs. Words
-- of a text of up to 100 bytes need no cutting.
CREATE OR REPLACE FUNCTION search_words(value text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(array_remove(
    CASE WHEN octet_length(value) <= 100 THEN regexp_split_to_array(fold(value), '[^[:alnum:]]+')
         ELSE long_text_words(value) END,
    ''
));

-- Every run of three bytes, whatever the case: a text that contains another has all of its fragments. An index on them
-- finds what contains something, as pg_trgm would, which not every server has.
-- In PL/pgSQL, which keeps the query's plan from call to call.
CREATE OR REPLACE FUNCTION fragments(value text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    bytes bytea := convert_to(public.caseless(value), 'UTF8');
BEGIN
    RETURN ARRAY(
        SELECT get_byte(bytes, at) << 16 | get_byte(bytes, at + 1) << 8 | get_byte(bytes, at + 2)
        FROM generate_series(0, octet_length(bytes) - 3) AS at
    );
END;
$$;
"""

BACKWARDS = r"""
-- Every run of three bytes, whatever the case: a text that contains another has all of its fragments. An index on them
-- finds what contains something, as pg_trgm would, which not every server has.
-- In PL/pgSQL, which keeps the query's plan from call to call.
CREATE OR REPLACE FUNCTION fragments(value text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    bytes bytea := convert_to(lower(value), 'UTF8');
BEGIN
    RETURN ARRAY(
        SELECT get_byte(bytes, at) << 16 | get_byte(bytes, at + 1) << 8 | get_byte(bytes, at + 2)
        FROM generate_series(0, octet_length(bytes) - 3) AS at
    );
END;
$$;

-- The words of a text, folded. Bounded, because a tsvector is: 20,000 characters, 100 per word.
CREATE OR REPLACE FUNCTION search_words(value text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(ARRAY(
    SELECT left(word, 100)
    FROM regexp_split_to_table(fold(left(value, 20000)), '[^[:alnum:]]+') AS word
    WHERE word <> ''
));

DROP FUNCTION IF EXISTS long_text_words;
-- Without case and accents: 'São' and 'SAO' are both 'sao'.
CREATE OR REPLACE FUNCTION fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g'));

DROP FUNCTION IF EXISTS caseless;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
