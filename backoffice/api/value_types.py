"""The types of the values that are sent for a column, by its kind and the checks on it; and their JSON Schema."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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


@dataclass(frozen=True)
class Kind:
    """What values a kind of column has.

    :ivar sent: the type of one that is sent for it, without the rules of the table's checks.
    :ivar compared: the JSON Schema of a parameter that is compared with it.
    :ivar given: the type of one in an answer.
    """

    sent: Any
    compared: Schema
    given: Any


def kind_of(column: Column, *, strict: bool = True) -> Kind:
    """
    :param strict: whether JSON's own types are insisted on; forms and addresses know only text.
    :raises TypeError: for a kind of column that is not known here, which would else pass for text.
    """
    if isinstance(column, Numeric):
        return _decimal(column)
    if isinstance(column, ForeignKey | UUIDColumn):
        return Kind(Annotated[UUID, BeforeValidator(canonical_uuid)], {"type": "string", "format": "uuid"}, UUID)
    if isinstance(column, Integer):
        half = 2 ** (INTEGER_BITS[type(column)] - 1)
        whole = Annotated[int, BeforeValidator(whole_number), Strict(strict), Field(ge=-half, le=half - 1)]
        return Kind(whole, {"type": "integer", "minimum": -half, "maximum": half - 1}, int)
    if isinstance(column, Boolean):
        return Kind(Annotated[bool, BeforeValidator(true_or_false), Strict(strict)], {"type": "boolean"}, bool)
    if isinstance(column, Timestamptz):
        compared = {"anyOf": [{"type": "string", "format": form} for form in ("date-time", "date")]}
        return Kind(Annotated[datetime, BeforeValidator(iso_time), AfterValidator(in_utc)], compared, datetime)
    if isinstance(column, EnumColumn):
        choices = column._meta.choices
        assert choices is not None
        return Kind(choices, {"$ref": REF.format(model=choices.__name__)}, choices)
    if isinstance(column, Varchar | Text):
        length = column.length if isinstance(column, Varchar) else None
        text = Annotated[str, Strict(strict), Field(max_length=length), AfterValidator(clean_text)]
        return Kind(text, {"type": "string", "pattern": CLEAN_PATTERN}, str)
    name = f"{column._meta.table._meta.tablename}.{column._meta.name}"
    raise TypeError(f"{name}: no values of a {type(column).__name__} are known here")


def _decimal(column: Numeric) -> Kind:
    sent, decimals = Annotated[Decimal, BeforeValidator(partial(plain_number, digits=column.digits))], r"(\.[0-9]+)?"
    if column.digits is not None:
        precision, scale = column.digits
        short = AfterValidator(partial(Decimal.quantize, exp=Decimal(1).scaleb(-scale)))  # of many zeros, as 0e999999
        sent = Annotated[sent, Field(max_digits=precision, decimal_places=scale), short]
        decimals = rf"\.[0-9]{{{scale}}}"
    given = Annotated[str, Field(pattern=f"^-?[0-9]+{decimals}$")]
    return Kind(sent, decimal_schema(column, {}), given)


def input_type(column: Column, *, strict: bool) -> Any:
    """The type of a value that is sent for this column in a body. See `kind_of`."""
    kind, rules = kind_of(column, strict=strict), rules_of(column)
    if isinstance(column, EnumColumn):
        return kind.sent
    sent = kind.sent
    for rule in rules:
        sent = Annotated[sent, rule.annotation]
    says = {name: value for rule in rules for name, value in rule.says.items()}
    return Annotated[sent, WithJsonSchema(_input_schema(column, kind.compared, says))]


def _input_schema(column: Column, compared: Schema, rules: Schema) -> Schema:
    if isinstance(column, Numeric) and column.digits:
        number = {"type": "number", "multipleOf": 10.0 ** -column.digits[1], **rules}
        return {"anyOf": [decimal_schema(column, rules), number | {"exclusiveMaximum": 10 ** _whole_digits(column)}]}
    length = {"maxLength": column.length} if isinstance(column, Varchar) else {}
    return compared | length | rules


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
