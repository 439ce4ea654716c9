from pathlib import Path
from typing import Any

from piccolo.conf.apps import AppConfig, table_finder

from accounts.commands import create_admin
from accounts.tables import User
from backoffice import fixtures


def _types_in_fixtures() -> dict[str, Any]:
    from accounts.new_passwords import PasswordOrHash  # takes 40 ms, which other commands need not wait for

    return {"password": (PasswordOrHash, ...)}


fixtures.types[User] = _types_in_fixtures

APP_CONFIG = AppConfig(
    app_name="accounts",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=table_finder(["accounts.tables"], exclude_imported=True),
    migration_dependencies=["backoffice.piccolo_app"],
    commands=[create_admin],
)
