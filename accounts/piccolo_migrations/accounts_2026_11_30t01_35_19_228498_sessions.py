"""Nobody who is inactive is given a session of somebody else's."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-30T01:35:19:228498"
VERSION = "1.38.0"
DESCRIPTION = "No session of another's for who is inactive"

FORWARDS = r"""
CREATE OR REPLACE TRIGGER sessions_begin
BEFORE INSERT OR UPDATE OF user_id ON sessions
FOR EACH ROW EXECUTE FUNCTION begin_session();
"""

BACKWARDS = r"""
CREATE OR REPLACE TRIGGER sessions_begin
BEFORE INSERT ON sessions
FOR EACH ROW EXECUTE FUNCTION begin_session();

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
