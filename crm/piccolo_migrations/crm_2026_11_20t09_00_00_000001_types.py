"""The types and functions that tables are made of."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-20T09:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "The types and functions that tables are made of"

FORWARDS = r"""
CREATE TYPE presale_status AS ENUM ('draft', 'pending', 'approved', 'cancelled', 'converted');

-- CPF and telephone numbers: forgiving about how they are typed, strict about what they are.

-- True for eleven digits, not all the same, whose last two are the check digits of those before (modulo 11).
CREATE OR REPLACE FUNCTION is_cpf(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    digit integer;
    first integer := 0;
    second integer := 0;
BEGIN
    IF value !~ '^[0-9]{11}$' OR value = repeat(left(value, 1), 11) THEN
        RETURN false;
    END IF;
    FOR place IN 1..9 LOOP
        digit := substr(value, place, 1);
        first := first + digit * (11 - place);
        second := second + digit * (12 - place);
    END LOOP;
    first := first * 10 % 11 % 10;
    second := (second + first * 2) * 10 % 11 % 10;
    RETURN right(value, 2) = first::text || second::text;
END;
$$;

-- Drops what people, and the programs they copy from, put between digits: white space, dots, slashes, dashes and
-- minus signs of every kind, and characters that only direct writing. Anything else stays, to be refused.
CREATE OR REPLACE FUNCTION drop_punctuation(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(value, '[\s./\u00a0\u00ad\u2000-\u2015\u2028-\u202f\u205f-\u2069\u2212\u3000\ufeff-]', '', 'g');

CREATE OR REPLACE FUNCTION normalize_cpf(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN drop_punctuation(value);

-- E.164: +55, an area code that exists, then 8 digits (fixed lines 2 to 5, trunked radio 7) or 9 (mobile).
-- The area codes and leading digits are those of Google's libphonenumber.
CREATE OR REPLACE FUNCTION is_brazilian_phone(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value ~ '^\+55([14689][1-9]|2[12478]|3[1-578]|5[13-5]|7[13-579])([2-57][0-9]{7}|9[0-9]{8})$';

-- Understands +55 11 …, 0055 11 …, 55 11 …, (11) …, 011 …, and 0 15 11 … (15: the carrier; 90 instead of 0: collect).
-- The carriers, too, are libphonenumber's.
-- What is none of these stays as it is, for is_brazilian_phone to refuse; above all the numbers of other countries.
CREATE OR REPLACE FUNCTION normalize_phone(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp
AS $$
DECLARE
    typed text := translate(drop_punctuation(value), '()', '');
    national text := CASE
        WHEN typed ~ '^(\+|00)' THEN substring(typed FROM '^(?:\+|00)55(.*)')
        WHEN typed ~ '^55[0-9]{10,11}$' THEN substr(typed, 3)
        ELSE typed
    END;
    e164 text := '+55' || regexp_replace(
        national,
        '^(0|90)((1[245]|2[1-35]|31|4[13]|[56]5|99)(?=[0-9]{10,11}$))?', ''
    );
BEGIN
    RETURN CASE WHEN is_brazilian_phone(e164) THEN e164 ELSE value END;
END;
$$;

-- However a CPF or a telephone number was typed, one form is stored.
CREATE OR REPLACE FUNCTION normalize_customer() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    NEW.cpf := normalize_cpf(NEW.cpf);
    NEW.phone := normalize_phone(NEW.phone);
    RETURN NEW;
END;
$$;

-- Where a pre-sale may go from here. Nothing leads out of converted and cancelled.
CREATE OR REPLACE FUNCTION presale_moves(status presale_status) RETURNS presale_status[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE status
    WHEN 'draft' THEN '{pending,cancelled}'
    WHEN 'pending' THEN '{approved,draft,cancelled}'
    WHEN 'approved' THEN '{converted,cancelled}'
    ELSE '{}'
END::presale_status[];

CREATE OR REPLACE FUNCTION begin_presale() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    NEW.number := nextval('presales_number_seq');
    NEW.total := 0;
    RETURN NEW;
END;
$$;

-- Every search= of the API answers from one of these indexes.

-- A CPF matches from its beginning; a phone with its country code, with its area code (with or without 0), or without.
CREATE OR REPLACE FUNCTION customer_words(name text, email text, cpf text, phone text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN search_words(name || ' ' || email)
    || array_to_tsvector(ARRAY[cpf, substr(phone, 2), substr(phone, 4), '0' || substr(phone, 4), substr(phone, 6)]);
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS customer_words;
DROP FUNCTION IF EXISTS begin_presale;
DROP FUNCTION IF EXISTS presale_moves;
DROP FUNCTION IF EXISTS normalize_customer;
DROP FUNCTION IF EXISTS normalize_phone;
DROP FUNCTION IF EXISTS is_brazilian_phone;
DROP FUNCTION IF EXISTS normalize_cpf;
DROP FUNCTION IF EXISTS drop_punctuation;
DROP FUNCTION IF EXISTS is_cpf;
DROP TYPE IF EXISTS presale_status;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
