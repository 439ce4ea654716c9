"""Telephone numbers as they are often printed, with xx where whoever dials puts a carrier: (0xx11) 98765-4321."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T09:57:09:782992"
VERSION = "1.38.0"
DESCRIPTION = "Telephone numbers with any carrier"

FORWARDS = r"""
-- Understands (11) …, 011 …, 0 15 11 … (15: the carrier; 90 instead of 0: collect), (0xx11) … (whichever carrier), and the
-- same after +55, 0055 or 55.
-- The carriers, too, are libphonenumber's.
-- What is none of these stays as it is, for is_brazilian_phone to refuse; above all the numbers of other countries.
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
"""

BACKWARDS = r"""
-- Understands (11) …, 011 …, 0 15 11 … (15: the carrier; 90 instead of 0: collect), and the same after +55, 0055 or 55.
-- The carriers, too, are libphonenumber's.
-- What is none of these stays as it is, for is_brazilian_phone to refuse; above all the numbers of other countries.
CREATE OR REPLACE FUNCTION normalize_phone(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp SET standard_conforming_strings = on
AS $$
DECLARE
    typed text := translate(drop_punctuation(value), '()', '');
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

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
