-- CPF and telephone numbers: forgiving about how they are typed, strict about what they are.

-- True for eleven digits, not all the same, whose last two are the check digits of those before (modulo 11).
CREATE OR REPLACE FUNCTION is_cpf(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp
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
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp SET standard_conforming_strings = on
AS $$
BEGIN
    RETURN value ~ '^\+55([14689][1-9]|2[12478]|3[1-578]|5[13-5]|7[13-579])([2-57][0-9]{7}|9[0-9]{8})$';
END;
$$;

-- Understands (11) …, 011 …, 0 15 11 … (15: the carrier; 90 instead of 0: collect), (0xx11) … (whichever carrier), and
-- the same after +55, 0055 or 55. The carriers, too, are libphonenumber's. What is none of these stays as it is, for
-- is_brazilian_phone to refuse; above all the numbers of other countries.
CREATE OR REPLACE FUNCTION normalize_phone(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
    typed text := regexp_replace(
        translate(drop_punctuation(value), '()', ''), '^((\+|00)?(55)?0)[xX]{2}', '\1'
    );
    national text := CASE
        WHEN typed ~ '^(\+|00)' THEN substring(typed FROM '^(?:\+|00)55(.*)')
        WHEN typed ~ '^55[0-9]{10,}$' THEN substr(typed, 3) -- too long for the area code 55
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
