from pathlib import Path

from accounts.tables import LoginFailure, Session, User
from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(
    app_name="accounts",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=[User, Session, LoginFailure],
)
