"""What becomes of users is recorded."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-21T04:06:21:331480"
VERSION = "1.38.0"
DESCRIPTION = "What becomes of users is recorded"

FORWARDS = r"""
-- What becomes of users stands in the audit trail, but of their passwords only that they changed.
CREATE OR REPLACE TRIGGER users_record_created
AFTER INSERT ON users REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('name');

CREATE OR REPLACE TRIGGER users_record_changed
AFTER UPDATE ON users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('name', '{password}', '{updated_at}');

CREATE OR REPLACE TRIGGER users_record_deleted
AFTER DELETE ON users REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('name', '{password}');

CREATE OR REPLACE TRIGGER users_record_truncated
BEFORE TRUNCATE ON users
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('name', '{password}');
"""

BACKWARDS = r"""
DROP TRIGGER IF EXISTS users_record_truncated ON users;
DROP TRIGGER IF EXISTS users_record_deleted ON users;
DROP TRIGGER IF EXISTS users_record_changed ON users;
DROP TRIGGER IF EXISTS users_record_created ON users;
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
