"""Times that Python cannot hold are refused: such a row could not be read."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

ID = "2026-11-30T08:54:31:838071"
VERSION = "1.38.0"
DESCRIPTION = "Times that Python can hold"
ACCEPTED = {
    "scans": "four comparisons a row take half a second for two million rows",
}


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION
    )

    manager.add_constraint(
        table_class_name="User",
        tablename="users",
        constraint_name="users_times_in_range",
        constraint_class=Check,
        params={
            "condition": "created_at > '0001-01-01 00:00:00+00' AND created_at < '9999-12-31 23:59:59.999999+00' AND updated_at > '0001-01-01 00:00:00+00' AND updated_at < '9999-12-31 23:59:59.999999+00'"
        },
        schema=None,
    )

    return manager
