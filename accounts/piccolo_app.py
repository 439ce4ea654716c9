from pathlib import Path

from piccolo.conf.apps import AppConfig

import accounts.labels  # registers what the screen says
import accounts.words  # noqa: F401 # registers what the rules say
from accounts.commands import create_admin
from accounts.tables import LoginFailure, Session, User

APP_CONFIG = AppConfig(
    app_name="accounts",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=[User, Session, LoginFailure],
    migration_dependencies=["backoffice.piccolo_app"],
    commands=[create_admin],
)
