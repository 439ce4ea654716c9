"""The functions on which every app's tables rely, the audit trail, and the commands for operators."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

from backoffice import command_line, fixtures
from backoffice.grants import grant
from backoffice.migrations import commands, piccolo_commands

command_line.take_over()
piccolo_commands.take_over()
fixtures.take_over()

APP_CONFIG = AppConfig(
    app_name="backoffice",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=table_finder(["backoffice.audit_trail.tables"], exclude_imported=True),
    commands=[commands.migrate, commands.plan, commands.check, commands.lint, commands.accept, grant],
)
