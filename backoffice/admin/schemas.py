"""The JSON Schema from which the front end draws lists, filters and forms, with settings of its own beside."""

from collections.abc import Mapping
from typing import Any, get_args

from piccolo.columns import JSONB
from piccolo_api.crud.endpoints import OrderBy
from pydantic import BaseModel
from starlette.requests import Request

from backoffice import words
from backoffice.admin import lives, values
from backoffice.api.resource import WRITES, Resource
from backoffice.api.selects import unique_columns
from backoffice.columns import EnumColumn
from backoffice.web.problem_responses import language_of

# A hidden field of every form: the ETag of the row at the time when the form was filled.
VERSION = "version"
VERSION_SCHEMA = {"type": "string", "title": VERSION, "readOnly": True, "extra": {"unique": True, "nullable": False}}

# Help text of secrets, which no form shows.
WHEN_LEFT_EMPTY = words.Text("Left empty, the present one stays.", "Em branco, a atual continua valendo.")


def front_end_settings(resource: Resource) -> dict[str, Any]:
    """The settings of a table that the front end needs beside its columns."""
    view, order = resource.admin, resource.order
    by = OrderBy(getattr(resource.table, order.removeprefix("-")), ascending=not order.startswith("-"))
    return {
        "visible_column_names": [column._meta.name for column in view.visible],
        "visible_filter_names": [column._meta.name for column in view.filters],
        "link_column_name": view.link._meta.name,
        "order_by": [by.to_dict()],
        "rich_text_columns": [],
        "media_columns": [],
        "time_resolution": {},
    }


def schema_for(
    request: Request, resource: Resource, resources: Mapping[str, Resource], model: type[BaseModel]
) -> dict[str, Any]:
    """The schema of the model, as the caller may use it, in their language.

    :param resources: those of the admin, by the names of their tables.
    """
    language = language_of(request.scope)
    schema = model.model_json_schema()
    may_write = any(resource.allows(request, right) for right in WRITES)
    schema["extra"]["table"] = resource.table._meta.tablename
    schema["extra"]["read_only"] = not may_write
    schema["extra"]["searchable"] = resource.search is not None
    schema["extra"]["undeletable"] = not resource.allows(request, "delete")
    for name, about in schema["properties"].items():
        _describe(resource, name, about, language)
        if life := resource.admin.life:
            about["extra"] |= lives.describe(life, request, name)
        if key := about["extra"].get("foreign_key"):
            referred = resources.get(key["to"])
            about["extra"]["addable"] = referred is not None and referred.allows(request, "create")
        if resource.table._meta.get_column_by_name(name) is resource.admin.tables:
            names = {table: words.label(table, language) for table in resources}
            about["extra"]["choices"] = {table: {"value": table, "display_name": said} for table, said in names.items()}
    return schema | {"properties": schema["properties"] | {VERSION: VERSION_SCHEMA}}


def _describe(resource: Resource, name: str, about: dict[str, Any], language: words.Language) -> None:
    column, extra = resource.table._meta.get_column_by_name(name), about["extra"]
    about["title"] = words.label(name, language)
    about["readOnly"] = name in resource.server_managed
    extra |= {"sortable": name in resource.ordered, "parts": resource.has_parts(name)}
    extra |= {"whole": name in resource.exact_only, "written": name in resource.admin.written}
    # The front end offers no bulk change of "unique" columns; nor should it of read-only and secret ones.
    extra["unique"] = name in unique_columns(resource.table) or about["readOnly"] or extra["secret"]
    if extra["help_text"]:
        stays = f" {words.translate(WHEN_LEFT_EMPTY, language)}" if extra["secret"] else ""
        extra["help_text"] = words.label(extra["help_text"], language) + stays
    if isinstance(column, EnumColumn):
        extra["choices"] = {value: values.choice(value, language) for value in get_args(column.value_type)}
    if isinstance(column, JSONB):
        extra["widget"] = "text-area"
