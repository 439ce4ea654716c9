"""Parts of texts are looked up by fewer of their fragments."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T21:32:36:362702"
VERSION = "1.38.0"
DESCRIPTION = "Fewer fragments to look up"

FORWARDS = r"""
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
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS covering_fragments;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
