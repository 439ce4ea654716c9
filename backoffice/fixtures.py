"""`piccolo fixtures dump` leaves the audit trail out: nobody can load what nobody may write.

`--tables=AuditEntry` dumps it all the same.
"""

from piccolo.apps.fixtures.commands import dump
from piccolo.apps.fixtures.commands.shared import FixtureConfig

from backoffice.tables import AuditEntry

_parse_args = dump.parse_args


def parse_args(apps: str, tables: str) -> list[FixtureConfig]:
    chosen = _parse_args(apps, tables)
    for app in chosen if tables == "all" else ():
        app.table_class_names = [name for name in app.table_class_names if name != AuditEntry.__name__]
    return chosen


def take_over() -> None:
    dump.parse_args = parse_args
