"""The types and functions that tables are made of."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-20T09:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The types and functions that tables are made of"

FORWARDS = r"""
CREATE TYPE user_role AS ENUM ('admin', 'manager', 'employee');

-- Only a hash is ever stored: plain text is refused, whichever way it comes.
CREATE OR REPLACE FUNCTION is_password_hash(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value ~ '^\$argon2(id|i|d)\$v=[0-9]+\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$';
"""

BACKWARDS = r"""
DROP FUNCTION IF EXISTS is_password_hash;
DROP TYPE IF EXISTS user_role;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
