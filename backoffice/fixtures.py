"""`piccolo fixtures` with changes.

`dump` leaves the audit trail out, since it cannot be loaded. `--tables=AuditEntry` dumps it all the same.
`load` refuses unknown columns instead of ignoring them; gives columns that are left out their defaults instead of null;
hashes passwords (see `types`); and reports errors in plain words, with the id of the refused row, if the file has it,
instead of its values, one of which may be a password.
"""

import re
from collections.abc import Callable
from typing import Any, ClassVar, cast

import asyncpg
from piccolo.apps.fixtures.commands import dump, load, shared
from piccolo.apps.fixtures.commands.shared import FixtureConfig
from piccolo.conf.apps import Finder
from piccolo.table import Table
from piccolo.utils.encoding import load_json
from piccolo.utils.pydantic import create_pydantic_model
from pydantic import BaseModel, ValidationError, create_model

from backoffice.audit_trail.tables import AuditEntry
from backoffice.problems import Problem, describe, field_errors

A_ROW = re.compile(r"Failing row contains \((.{36}),")  # of any table: the id is the first column
OUR_RULES = "exec_stmt_raise"  # the server's function that raises their errors, which show no rows
AN_EXAMPLE = '{"crm": {"Customer": []}}'

# For some tables, the types of what a fixture may hold in columns that store something else; imported when needed.
types: dict[type[Table], Callable[[], dict[str, Any]]] = {}

_parse_args = dump.parse_args
_load_json_string = load.load_json_string


def parse_args(apps: str, tables: str) -> list[FixtureConfig]:
    chosen = _parse_args(apps, tables)
    for app in chosen if tables == "all" else ():
        app.table_class_names = [name for name in app.table_class_names if name != AuditEntry.__name__]
    return chosen


async def load_json_string(json_string: str, *arguments: Any, **options: Any) -> None:
    _require_apps_of_tables(load_json(json_string))
    try:
        await _load_json_string(json_string, *arguments, **options)
    except (asyncpg.CheckViolationError, asyncpg.NotNullViolationError) as error:
        if error.server_source_function != OUR_RULES:
            row = A_ROW.match(error.detail or "")
            error.detail = f"The row with the id {row[1]}." if row and row[1] in json_string.lower() else None
        raise
    except ValidationError as refusal:
        problem = Problem("validation_error", errors=field_errors(refusal.errors(include_url=False)))
        wrong = describe(problem, "en", "")["errors"]
        raise ValueError("\n".join(f"{one['field']}: {one['message']}" for one in wrong)) from None


def _require_apps_of_tables(contents: object) -> None:
    """:raises ValueError: for what is no fixture. Tables and their rows are validated by the models."""
    if not isinstance(contents, dict):
        raise ValueError(f"A fixture must be an object of apps, such as {AN_EXAMPLE}")
    registry = Finder().get_app_registry()
    for app, tables in contents.items():
        if registry.get_app_config(app) is None:
            raise ValueError(f"{app}: There is no such app")
        if not isinstance(tables, dict):
            raise ValueError(f"{app}: Must be an object of tables, as in {AN_EXAMPLE}")


class Row(BaseModel):
    """A row of a fixture, which `load` makes of its `__dict__`."""

    defaults: ClassVar[frozenset[str]]

    def model_post_init(self, _: Any) -> None:
        for name in self.defaults - self.model_fields_set:
            del self.__dict__[name]


def create_row_model(table: type[Table], **options: Any) -> type[BaseModel]:
    columns = create_pydantic_model(table, pydantic_config={"extra": "forbid"}, **options)
    others = types[table]() if table in types else {}
    model = cast(type[Row], create_model(columns.__name__, __base__=(Row, columns), **others))
    model.defaults = frozenset(column._meta.name for column in table._meta.columns if column.default is not None)
    return model


def take_over() -> None:
    dump.parse_args = parse_args
    load.load_json_string = load_json_string
    shared.create_pydantic_model = create_row_model  # type: ignore[attr-defined, assignment] # `load` takes it from there
