"""The types of single values that are sent: how strictly they are parsed, and their JSON Schema."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import email_validator
from annotated_types import Ge, Gt
from piccolo.columns import UUID as UUIDColumn
from piccolo.columns import BigInt, Boolean, Column, ForeignKey, Integer, Numeric, Timestamptz, Varchar
from piccolo.constraints import Check
from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from backoffice.columns import EnumColumn
from backoffice.web.openapi import REF

Schema = dict[str, Any]


NUMBER = r"-?[0-9]+(\.[0-9]+)?"
WHOLE_NUMBER = r"-?[0-9]+"
CANONICAL_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
MAX_EMAIL_LENGTH = 254  # characters; see is_email() of rules/text.sql
INTEGER_BITS = {Integer: 32, BigInt: 64}

# Invisible characters, the same as in is_blank() and is_email() of rules/text.sql: all kinds of white space, and those
# without width.
INVISIBLE = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    r"\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
# In a notation that JSON Schema's patterns lack.
INVISIBLE_BEYOND = r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
VISIBLE = re.compile(f"[^{INVISIBLE}{INVISIBLE_BEYOND}]")
ANY_INVISIBLE = re.compile(f"[{INVISIBLE}{INVISIBLE_BEYOND}]")

CLEAN_PATTERN = r"^[^\u0000]*$"
VISIBLE_PATTERN = rf"^[^\u0000]*[^{INVISIBLE}][^\u0000]*$"


def error(code: str) -> PydanticCustomError:
    """An error whose words are found by this code in `words.VALUE_ERRORS`."""
    return PydanticCustomError(code, code)


def clean_text(value: str) -> str:
    if "\0" in value:
        raise error("nul_character")
    try:
        value.encode()
    except UnicodeEncodeError as half_a_character:
        raise error("string_unicode") from half_a_character
    return value


def not_blank(value: str) -> str:
    if not VISIBLE.search(value):
        raise error("blank")
    return value


email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()  # or shop.local would be refused; the library documents this way


def valid_email(value: str) -> str:
    """Accepts valid addresses, also at domains that are not public, such as shop.local, but not without a dot.

    Nothing invisible either, which the library takes here and there: two users would seem to have one address.
    """
    if ANY_INVISIBLE.search(value):
        raise error("email")
    try:
        email_validator.validate_email(value, check_deliverability=False, strict=True)
    except email_validator.EmailNotValidError as reason:
        raise error("email") from reason
    return value


def canonical_uuid(value: Any) -> Any:
    """Accepts the usual form alone: UUID() takes braces, missing dashes and `urn:uuid:`, many addresses for one row."""
    if isinstance(value, str) and not re.fullmatch(CANONICAL_UUID, value):
        raise error("uuid_parsing")
    return value


def plain_number(value: Any, digits: tuple[int, int] | None = None) -> Any:
    """Accepts numbers, and decimal text in plain notation: Decimal() itself takes '1_000', ' 1' and 'Infinity'.

    :param digits: precision and scale of the column. Surplus decimals are refused here: pydantic would call many of
        them too many digits.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise error("decimal_type")
    if isinstance(value, str) and not re.fullmatch(NUMBER, value):
        raise error("decimal_type")
    if digits and _has_surplus_decimals(Decimal(value), *digits):
        raise PydanticCustomError("decimal_max_places", "decimal_max_places", {"decimal_places": digits[1]})
    return value


def _has_surplus_decimals(number: Decimal, precision: int, scale: int) -> bool:
    """True for a number whose whole part fits the column, but not its decimals."""
    return number.is_finite() and number.adjusted() < precision - scale and number != round(number, scale)


def whole_number(value: Any) -> Any:
    """Accepts 5.0 as 5: JSON has one kind of number."""
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        if value and value.adjusted() >= 20:
            return int(Decimal(10**20).copy_sign(value))  # out of every range, too
        return int(value)
    if isinstance(value, str) and not re.fullmatch(WHOLE_NUMBER, value):
        raise error("int_type")
    return value


def true_or_false(value: Any) -> Any:
    """Refuses "1", "yes" and "on", which pydantic takes."""
    if isinstance(value, str) and value not in ("true", "false"):
        raise error("bool_type")
    return value


def iso_time(value: Any) -> Any:
    """Text only: pydantic would take a bare number for seconds since 1970."""
    if not isinstance(value, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise error("datetime_parsing")
    if re.search(r"[.,][0-9]{6}0*[1-9]", value):  # 6 are what the database keeps; pydantic would cut the rest
        raise PydanticCustomError("decimal_max_places", "decimal_max_places", {"decimal_places": 6})
    return value


def in_utc(value: datetime) -> datetime:
    """:raises PydanticCustomError: for a moment whose year in UTC is out of range."""
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        raise error("datetime_parsing") from None


@dataclass(frozen=True)
class Rule:
    """The rule of a Check of a Table for a value: as a pydantic annotation, and as JSON Schema."""

    annotation: Any
    says: Schema


# By a pattern of the condition.
CHECKS: dict[str, Rule] = {
    r"NOT is_blank\((\w+)\)": Rule(AfterValidator(not_blank), {"pattern": VISIBLE_PATTERN}),
    r"is_email\((\w+)\)": Rule(AfterValidator(valid_email), {"format": "email", "maxLength": MAX_EMAIL_LENGTH}),
    r"(\w+) >= 0\b.*": Rule(Ge(0), {"minimum": 0}),
    r"(\w+) > 0\b.*": Rule(Gt(0), {"exclusiveMinimum": 0}),
}


def rules_of(column: Column) -> list[Rule]:
    """The rules of the table's checks on this column alone."""
    return [
        rule
        for constraint in column._meta.table._meta.constraints
        if isinstance(constraint, Check)
        for condition, rule in CHECKS.items()
        if (match := re.fullmatch(condition, constraint.get_condition_str())) and match[1] == column._meta.name
    ]


def input_type(column: Column, *, strict: bool) -> Any:
    """The type of a value that is sent for this column in a body.

    :param strict: whether JSON's own types are insisted on; forms know only text.
    """
    rules = rules_of(column)
    kind = value_type(column, strict=strict)
    if isinstance(column, EnumColumn):
        return kind
    for rule in rules:
        kind = Annotated[kind, rule.annotation]
    return Annotated[
        kind, WithJsonSchema(_input_schema(column, {k: v for rule in rules for k, v in rule.says.items()}))
    ]


def value_type(column: Column, *, strict: bool) -> Any:
    """The type alone, without the rules of the table's checks."""
    if isinstance(column, Numeric):
        plain = BeforeValidator(partial(plain_number, digits=column.digits))
        if column.digits is None:
            return Annotated[Decimal, plain]
        precision, scale = column.digits
        short = AfterValidator(partial(Decimal.quantize, exp=Decimal(1).scaleb(-scale)))  # of many zeros, as 0e999999
        return Annotated[Decimal, plain, Field(max_digits=precision, decimal_places=scale), short]
    if isinstance(column, ForeignKey | UUIDColumn):
        return Annotated[UUID, BeforeValidator(canonical_uuid)]
    if isinstance(column, Integer):
        least, most = _range(column)
        return Annotated[int, BeforeValidator(whole_number), Strict(strict), Field(ge=least, le=most)]
    if isinstance(column, Boolean):
        return Annotated[bool, BeforeValidator(true_or_false), Strict(strict)]
    if isinstance(column, Timestamptz):
        return Annotated[datetime, BeforeValidator(iso_time), AfterValidator(in_utc)]
    if isinstance(column, EnumColumn):
        return enum_of(column)
    length = column.length if isinstance(column, Varchar) else None
    return Annotated[str, Strict(strict), Field(max_length=length), AfterValidator(clean_text)]


def enum_of(column: EnumColumn) -> type[Enum]:
    assert column._meta.choices is not None
    return column._meta.choices


def _range(column: Integer) -> tuple[int, int]:
    half = 2 ** (INTEGER_BITS[type(column)] - 1)
    return -half, half - 1


def _input_schema(column: Column, rules: Schema) -> Schema:
    if isinstance(column, Numeric) and column.digits:
        number = {"type": "number", "multipleOf": 10.0 ** -column.digits[1], **rules}
        return {"anyOf": [decimal_schema(column, rules), number | {"exclusiveMaximum": 10 ** _whole_digits(column)}]}
    length = {"maxLength": column.length} if isinstance(column, Varchar) else {}
    return filter_schema(column) | length | rules


def filter_schema(column: Column) -> Schema:
    """The JSON Schema of a parameter that is compared with this column."""
    if isinstance(column, Numeric):
        return decimal_schema(column, {})
    if isinstance(column, ForeignKey | UUIDColumn):
        return {"type": "string", "format": "uuid"}
    if isinstance(column, Integer):
        return {"type": "integer", **dict(zip(("minimum", "maximum"), _range(column), strict=True))}
    if isinstance(column, Boolean):
        return {"type": "boolean"}
    if isinstance(column, Timestamptz):
        return {"anyOf": [{"type": "string", "format": kind} for kind in ("date-time", "date")]}
    if isinstance(column, EnumColumn):
        return {"$ref": REF.format(model=enum_of(column).__name__)}
    return {"type": "string", "pattern": CLEAN_PATTERN}


def decimal_schema(column: Numeric, rules: Schema) -> Schema:
    """The JSON Schema of decimal text; leading and trailing zeros are allowed."""
    sign = "" if rules else "-?"
    if column.digits is None:
        return {"type": "string", "pattern": f"^{sign}[0-9]+(\\.[0-9]+)?$"}
    more_than_0 = r"(?![0.]*$)" if "exclusiveMinimum" in rules else ""
    scale = column.digits[1]
    pattern = rf"^{more_than_0}{sign}0*[0-9]{{1,{_whole_digits(column)}}}(\.[0-9]{{1,{scale}}}0*)?$"
    return {"type": "string", "pattern": pattern, "examples": [f"{12.5:.{scale}f}"]}


def _whole_digits(column: Numeric) -> int:
    precision, scale = column.digits or (0, 0)
    return int(precision - scale)


def nullable(schema: Schema) -> Schema:
    choices = schema.get("anyOf", [schema])
    return {"anyOf": [*choices, {"type": "null"}]}
