"""The functions on which every app's tables rely, and the commands that run, plan and check migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from backoffice.migrations import commands, doors

doors.take_over()

APP_CONFIG = AppConfig(
    app_name="backoffice",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    commands=[commands.migrate, commands.plan, commands.check, commands.lint, commands.accept],
)
