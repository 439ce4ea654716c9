"""What people's words are ordered by."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T15:52:09:267665"
VERSION = "1.38.0"
DESCRIPTION = "What people's words are ordered by"

FORWARDS = r"""
-- What people's words are ordered by, instead of themselves: without case and accents, or Álvaro would come after Zuleica; and
-- only their beginning, since no B-tree holds text of any length. None comes after all others, and is never null, so that
-- an index tells where the rows after any other begin. Not in SQL, which PostgreSQL would take for as cheap as a comparison,
-- and do for each row. ASCII is the same everywhere, as in caseless().
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
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS sort_key;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
