"""Pydantic models of what the API takes and gives for a table, derived from its columns and checks."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

from piccolo.columns import JSONB, Column, ForeignKey, Numeric
from piccolo.table import Table
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, WithJsonSchema, create_model

from backoffice.api.resource import Resource
from backoffice.api.selects import columns_of
from backoffice.api.value_types import input_type, kind_of, nullable

Pair = tuple[type[BaseModel], type[BaseModel]]

CLOSED = ConfigDict(extra="forbid", defer_build=True)


def drop_default(schema: dict[str, Any]) -> None:
    """Leaves out defaults: those of the models mean "not given", and a client must not send them."""
    schema.pop("default", None)


def is_required(column: Column) -> bool:
    return bool(column._meta.required)


def takes_null(column: Column) -> bool:
    """True for nullable columns, and for those that the database fills when nothing is given."""
    return bool(column._meta.null) or (not is_required(column) and column.default is None)


def input_models(
    table: type[Table],
    *,
    server_managed: frozenset[str],
    types: Mapping[str, Any] | None = None,
    required: frozenset[str] = frozenset(),
    examples: Mapping[str, Any],
    strict: bool = True,
) -> Pair:
    """The models of the bodies that create a row (or replace it) and that change one.

    :param server_managed: columns that the database fills; a client may send them, to no effect.
    :param types: the types of values, where the column's own type is not enough.
    :param required: columns that must be given although the table does not require it.
    :param examples: a value for each column.
    """
    whole: dict[str, Any] = {}
    partial: dict[str, Any] = {}
    for column in table._meta.columns:
        name = column._meta.name
        about: dict[str, Any] = {
            "json_schema_extra": drop_default,
            "description": _about_input(column, ignored=name in server_managed),
        }
        if name in server_managed:
            whole[name] = partial[name] = (Any, Field(default=None, exclude=True, **about))
            continue
        needed = is_required(column) or name in required
        kind = (types or {}).get(name) or input_type(column, strict=strict)
        if takes_null(column) and not needed:
            kind = Annotated[kind | None, WithJsonSchema(nullable(TypeAdapter(kind).json_schema()))]
        if name in examples:
            about["examples"] = [examples[name]]
        partial[name] = (kind, Field(default=None, **about))
        whole[name] = (kind, Field(**about)) if needed else partial[name]
    return (
        create_model(f"{table.__name__}In", __config__=CLOSED, **whole),
        create_model(f"{table.__name__}Patch", __config__=CLOSED, **partial),
    )


def _about_input(column: Column, *, ignored: bool) -> str | None:
    if ignored:
        return "Ignored: the database keeps it."
    default = column.default
    begins = (
        ""
        if is_required(column) or default is None
        else f"Left out of a new row: {getattr(default, 'value', default)}."
    )
    return f"{column._meta.help_text or ''} {begins}".strip() or None


def output_type(column: Column) -> Any:
    return dict[str, Any] if isinstance(column, JSONB) else kind_of(column).given


def output_models(table: type[Table], *, extra: Mapping[str, Any] | None = None, examples: Mapping[str, Any]) -> Pair:
    """The models of a whole row, and of a row in a list, where `__visible_fields` may leave out any field.

    :param extra: fields that a whole row has beside its columns.
    :param examples: a value for each column.
    """
    columns = columns_of(table)
    fields = {name: (_nullable(column), _about_output(column, examples)) for name, column in columns.items()}
    about = {"description": "With `__readable=true`.", "json_schema_extra": drop_default}
    readable = {
        f"{name}_readable": (str | None, about) for name, column in columns.items() if isinstance(column, ForeignKey)
    }
    details: dict[str, tuple[Any, Any]] = {name: (kind, {}) for name, kind in (extra or {}).items()}
    return (
        _closed_model(table.__name__, {**fields, **details}, ...),
        _closed_model(f"{table.__name__}Row", {**fields, **readable}, None),
    )


def _closed_model(name: str, fields: Mapping[str, tuple[Any, Any]], default: Any) -> type[BaseModel]:
    definitions: dict[str, Any] = {field: (kind, Field(default, **about)) for field, (kind, about) in fields.items()}
    return create_model(name, __config__=CLOSED, **definitions)


def _about_output(column: Column, examples: Mapping[str, Any]) -> dict[str, Any]:
    name = column._meta.name
    about: dict[str, Any] = {"description": column._meta.help_text, "json_schema_extra": drop_default}
    return about | ({"examples": [examples[name]]} if name in examples else {})


def _nullable(column: Column) -> Any:
    return output_type(column) | None if column._meta.null else output_type(column)


def new_model(table: type[Table], server_managed: frozenset[str]) -> type[BaseModel]:
    """The model of the initial values of a new row."""
    columns = _initial_columns(table, server_managed)
    fields: dict[str, tuple[Any, Any]] = {column._meta.name: (output_type(column) | None, {}) for column in columns}
    return _closed_model(f"{table.__name__}New", fields, ...)


def blank_row(table: type[Table], server_managed: frozenset[str]) -> dict[str, Any]:
    """The initial values of a new row, as JSON values."""
    return {column._meta.name: _default(column) for column in _initial_columns(table, server_managed)}


def _initial_columns(table: type[Table], server_managed: frozenset[str]) -> list[Column]:
    return [column for name, column in columns_of(table).items() if name not in server_managed]


def _default(column: Column) -> Any:
    value = column.get_default_value()
    if isinstance(column, Numeric) and column.digits and value is not None:
        return f"{value:.{column.digits[1]}f}"
    return value


def list_model(row: type[BaseModel]) -> type[BaseModel]:
    """The model of a page of rows."""
    return create_model(
        f"{row.__name__.removesuffix('Row')}List",
        __config__=CLOSED,
        rows=(list[row], ...),  # type: ignore[valid-type]
        total=(int, Field(description="How many rows the filters leave.")),
        limit=(int, ...),
        offset=(int, ...),
        total_is_estimate=(bool, Field(default=False, description="There when the total was not counted.")),
        next_cursor=(
            str | None,
            Field(default=None, description="There with `cursor`: of the next page, null after the last one."),
        ),
    )


class Models:
    """The models of one resource: of the bodies that create and change a row, and of the answers.

    Models that only the API's description uses are built when it asks for them.

    :param strict: whether bodies must use JSON's own types.
    """

    def __init__(self, resource: Resource, *, strict: bool) -> None:
        self.resource = resource
        self.create, self.change = input_models(
            resource.table,
            server_managed=resource.server_managed,
            types=resource.types,
            required=resource.required,
            examples=resource.examples,
            strict=strict,
        )

    @cached_property
    def row(self) -> type[BaseModel]:
        return self._outputs[0]

    @cached_property
    def page(self) -> type[BaseModel]:
        return list_model(self._outputs[1])

    @cached_property
    def new(self) -> type[BaseModel]:
        return new_model(self.resource.table, self.resource.server_managed)

    @cached_property
    def _outputs(self) -> Pair:
        details = {name: detail.type for name, detail in self.resource.details.items()}
        return output_models(self.resource.table, extra=details, examples=self.resource.shown_examples)
