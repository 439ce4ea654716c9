from pathlib import Path

from piccolo.conf.apps import AppConfig

from accounts.commands import create_admin
from accounts.tables import LoginFailure, Session, User

APP_CONFIG = AppConfig(
    app_name="accounts",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=[User, Session, LoginFailure],
    migration_dependencies=["backoffice.piccolo_app"],
    commands=[create_admin],
)
