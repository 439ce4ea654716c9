"""The types of the values that are sent for a column, by its kind and the checks on it; and their JSON Schema."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from annotated_types import Ge, Gt
from piccolo.columns import UUID as UUIDColumn
from piccolo.columns import BigInt, Boolean, Column, ForeignKey, Integer, Numeric, SmallInt, Text, Timestamptz, Varchar
from piccolo.constraints import Check
from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

from backoffice.api.values import (
    CLEAN_PATTERN,
    VISIBLE_PATTERN,
    canonical_uuid,
    clean_text,
    in_utc,
    iso_time,
    not_blank,
    plain_number,
    true_or_false,
    valid_email,
    whole_number,
)
from backoffice.columns import EnumColumn
from backoffice.web.openapi import REF

MAX_EMAIL_LENGTH = 254  # characters; see is_email() of rules/text.sql
INTEGER_BITS = {SmallInt: 16, Integer: 32, BigInt: 64}

Schema = dict[str, Any]


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
    """The type alone, without the rules of the table's checks.

    :raises TypeError: for a kind of column that has none here, which would else pass for text.
    """
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
    if not isinstance(column, Varchar | Text):
        name = f"{column._meta.table._meta.tablename}.{column._meta.name}"
        raise TypeError(f"{name}: no values of a {type(column).__name__} are known here")
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
