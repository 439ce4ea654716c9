"""CPF and phone are normalised where they change."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T03:25:28:061474"
VERSION = "1.38.0"
DESCRIPTION = "CPF and phone are normalised where they change"

FORWARDS = r"""
-- However a CPF or a telephone number was typed, one form is stored.
CREATE OR REPLACE FUNCTION normalize_customer() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    -- Not UPDATE OF in the trigger: the types of these columns could not be altered any more.
    IF TG_OP = 'INSERT' OR (NEW.cpf, NEW.phone) IS DISTINCT FROM (OLD.cpf, OLD.phone) THEN
        NEW.cpf := normalize_cpf(NEW.cpf);
        NEW.phone := normalize_phone(NEW.phone);
    END IF;
    RETURN NEW;
END;
$$;
"""

BACKWARDS = r"""
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
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="crm", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
