"""Single values as they are sent, and how strictly they are parsed."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import email_validator
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

NUMBER = r"-?[0-9]+(\.[0-9]+)?"
WHOLE_NUMBER = r"-?[0-9]+"
CANONICAL_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

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


CleanText = Annotated[str, Field(json_schema_extra={"pattern": CLEAN_PATTERN}), AfterValidator(clean_text)]


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
