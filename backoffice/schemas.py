"""What the API takes and gives for a table, as pydantic models read off its columns and checks."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import email_validator
from annotated_types import Ge, Gt
from piccolo.columns import UUID as UUIDColumn
from piccolo.columns import Boolean, Column, ForeignKey, Integer, Numeric, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, create_model
from pydantic_core import PydanticCustomError

from backoffice.columns import EnumColumn

NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"}
LARGEST_INTEGER = 2**31 - 1
# What str.isspace() calls white space, and the characters that show nothing.
INVISIBLE = "\u180e\u200b\u200c\u200d\u2060\ufeff"


def error(code: str) -> PydanticCustomError:
    """An error whose words are found by this code in `words.VALUE_ERRORS`."""
    return PydanticCustomError(code, code)  # type: ignore[arg-type] # pydantic wants literals, a function has none


def clean_text(value: str) -> str:
    if "\0" in value:
        raise error("nul_character")
    try:
        value.encode()
    except UnicodeEncodeError as half_a_character:
        raise error("string_unicode") from half_a_character
    return value


def not_blank(value: str) -> str:
    if not "".join(value.split()).strip(INVISIBLE):
        raise error("blank")
    return value


def valid_email(value: str) -> str:
    try:
        email_validator.validate_email(value, check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as reason:
        raise error("email") from reason
    return value


def plain_number(value: Any) -> Any:
    """Numbers, and text that is one as we write it: Decimal() itself takes '1_000', ' 1' and 'Infinity'."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise error("decimal_type")
    if isinstance(value, str) and not re.match(NUMBER, value):
        raise error("decimal_type")
    return value


def whole_number(value: Any) -> Any:
    """JSON knows one kind of number: 5.0 is 5."""
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 20 and value == int(value):
        return int(value)
    return value


def iso_time(value: Any) -> Any:
    """Text only: pydantic would take a bare number for seconds since 1970."""
    if not isinstance(value, str) or re.fullmatch(r"[-+0-9.]*", value):
        raise error("datetime_parsing")
    return value


def in_utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


# What a Check of a Table asks of the value itself, by the text of its condition. Apps add their own.
CHECKS: dict[str, Any] = {
    r"NOT is_blank\((\w+)\)": AfterValidator(not_blank),
    r"is_email\((\w+)\)": AfterValidator(valid_email),
    r"(\w+) >= 0\b.*": Ge(0),
    r"(\w+) > 0\b.*": Gt(0),
}


def checks_of(table: type[Table], column: Column) -> list[Any]:
    """The annotations for this column that the table's checks amount to."""
    return [
        annotation
        for constraint in table._meta.constraints
        if isinstance(constraint, Check)
        for condition, annotation in CHECKS.items()
        if (match := re.fullmatch(condition, constraint.get_condition_str())) and match[1] == column._meta.name
    ]


def value_type(column: Column, *, strict: bool = True) -> Any:
    """The type of a value that is sent for this column.

    :param strict: whether JSON's own types are insisted on; forms and query strings know only text.
    """
    if isinstance(column, Numeric):
        return decimal_type(*column.digits) if column.digits else Decimal
    if isinstance(column, ForeignKey | UUIDColumn):
        return UUID
    if isinstance(column, Integer):
        return Annotated[int, BeforeValidator(whole_number), Strict(strict), Field(le=LARGEST_INTEGER)]
    if isinstance(column, Boolean):
        return Annotated[bool, Strict(strict)]
    if isinstance(column, Timestamptz):
        return Annotated[datetime, BeforeValidator(iso_time), AfterValidator(in_utc)]
    if isinstance(column, EnumColumn):
        return column.value_type
    length = column.length if isinstance(column, Varchar) else None
    return Annotated[str, Strict(strict), Field(max_length=length), AfterValidator(clean_text)]


def decimal_type(precision: int, scale: int) -> Any:
    """Decimal text such as "12.50", or a JSON number."""
    return Annotated[
        Decimal,
        BeforeValidator(plain_number),
        Field(max_digits=precision, decimal_places=scale),
    ]


def tidy(schema: dict[str, Any]) -> None:
    """Says a field in JSON Schema's own words, where validators made pydantic lose them."""
    if schema.get("default", ...) is None:
        del schema["default"]
    bounds = {word: schema.pop(key) for key, word in BOUNDS.items() if key in schema}
    schema.pop("max_digits", None)
    schema.pop("decimal_places", None)
    for choice in schema.get("anyOf", [schema]):
        if choice.get("type") in ("number", "integer"):
            choice.update(bounds)


def is_required(column: Column) -> bool:
    return bool(column._meta.required)


def takes_null(column: Column) -> bool:
    """Null columns do, and those that the database fills when nothing is given."""
    return bool(column._meta.null) or (not is_required(column) and column.default is None)


def input_models(
    table: type[Table],
    *,
    owned: frozenset[str],
    types: Mapping[str, Any] | None = None,
    required: frozenset[str] = frozenset(),
    strict: bool = True,
) -> tuple[type[BaseModel], type[BaseModel]]:
    """The models of the bodies that create a row (or replace it) and that change one.

    :param owned: columns that the database fills; a client may send them, to no effect.
    :param types: the types of values that are more than their column says.
    :param required: columns that must be given although the table does not say so.
    """
    whole: dict[str, Any] = {}
    partial: dict[str, Any] = {}
    for column in table._meta.columns:
        name = column._meta.name
        if name in owned:
            whole[name] = partial[name] = (
                Any,
                Field(default=None, exclude=True, description="Ignored.", json_schema_extra=tidy),
            )
            continue
        value = (types or {}).get(name) or value_type(column, strict=strict)
        for annotation in checks_of(table, column):
            value = Annotated[value, annotation]
        value = value | None if takes_null(column) and name not in required else value
        about: dict[str, Any] = {"description": column._meta.help_text, "json_schema_extra": tidy}
        partial[name] = (value, Field(default=None, **about))
        whole[name] = (value, Field(**about)) if is_required(column) or name in required else partial[name]
    config = ConfigDict(extra="forbid")
    return (
        create_model(f"{table.__name__}In", __config__=config, **whole),
        create_model(f"{table.__name__}Patch", __config__=config, **partial),
    )


def output_type(column: Column) -> Any:
    if isinstance(column, Numeric):
        return Annotated[str, Field(pattern=NUMBER, examples=["12.50"])]
    if isinstance(column, ForeignKey | UUIDColumn):
        return UUID
    if isinstance(column, Timestamptz):
        return datetime
    if isinstance(column, EnumColumn | Boolean | Integer):
        return column.value_type
    return str


def output_models(
    table: type[Table], extra: Mapping[str, Any] | None = None
) -> tuple[type[BaseModel], type[BaseModel]]:
    """The models of a whole row, and of a row in a list, where `__visible_fields` may leave out any field.

    :param extra: fields that a whole row has beside its columns.
    """
    columns = [column for column in table._meta.columns if not column._meta.secret]
    types = {column._meta.name: _nullable(column) for column in columns}
    about = Field(default=None, description="With `__readable=true`.")
    readable = {
        f"{column._meta.name}_readable": (str | None, about) for column in columns if isinstance(column, ForeignKey)
    }
    row = {name: (kind, ...) for name, kind in {**types, **(extra or {})}.items()}
    partial = {name: (kind, Field(default=None)) for name, kind in types.items()} | readable
    return (
        create_model(table.__name__, **row),  # type: ignore[call-overload]
        create_model(f"{table.__name__}Row", **partial),  # type: ignore[call-overload]
    )


def _nullable(column: Column) -> Any:
    return output_type(column) | None if column._meta.null else output_type(column)
