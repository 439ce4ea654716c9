"""CPF and telephone numbers as people type them, explained before the database would refuse them."""

import re
from contextlib import suppress
from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, Field, Strict, WithJsonSchema
from validate_docbr import CPF

from backoffice.api.values import CLEAN_PATTERN, clean_text, error

CPF_DIGITS = 11
MAX_TYPED_LENGTH = 40
# What stands between digits, as drop_punctuation() of rules/brazil.sql has it.
PUNCTUATION = r"[\s./\u00a0\u00ad\u2000-\u2015\u2028-\u202f\u205f-\u2069\u2212\u3000\ufeff-]"
CPF_PATTERN = f"^{PUNCTUATION}*([0-9]{PUNCTUATION}*){{11}}$"

FROM_AFAR = re.compile(r"\+?(55)?0|90")  # what begins so is dialled, and nothing that is kept begins so

CARRIER_OF_CHOICE = re.compile(r"^((?:\+|00)?(?:55)?0)xx", re.IGNORECASE)  # as in (0xx11)

PERSONAL = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)


def normal_cpf(typed: str) -> str:
    """Eleven digits."""
    digits = re.sub(PUNCTUATION, "", typed)
    if not re.fullmatch("[0-9]{11}", digits) or not CPF().validate(digits):
        raise error("cpf")
    return digits


def normal_phone(typed: str) -> str:
    """E.164. Numbers without an area code, such as 0800, are nobody's own and are refused."""
    bare = CARRIER_OF_CHOICE.sub(r"\1", re.sub(rf"{PUNCTUATION}|[()]", "", typed))
    # The library reads 11 98765-CAFE as what its keys dial, and passes over a second prefix.
    if not re.fullmatch(r"\+?[0-9]+", bare) or re.match(r"(\+|00)?5500", bare):
        raise error("phone")
    try:
        # To the library, 0055 is a call to abroad through the carrier 55; to people, +55.
        number = phonenumbers.parse(re.sub("^0055", "+55", bare), "BR")
    except phonenumbers.NumberParseException as reason:
        raise error("phone") from reason
    kind = phonenumbers.number_type(number)
    if number.country_code != 55 or number.extension or kind not in PERSONAL:
        raise error("phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def whole_phone(typed: str) -> str | None:
    """E.164, if this is a telephone number."""
    with suppress(ValueError):
        return normal_phone(typed)
    return None


def cpf_filter(typed: str, _: str) -> str:
    """A CPF or a part of one, as it is kept."""
    return re.sub(PUNCTUATION, "", typed) or typed


def phone_filter(typed: str, match: str) -> str:
    """A telephone number or a part of one, as it is kept; a whole one in any form in which it may be written.

    :param match: what it is to be in the number. Digits that are a whole number by themselves may be a part of another.
    """
    bare = re.sub(rf"{PUNCTUATION}|[()]", "", typed)
    if (match in ("exact", "starts") or FROM_AFAR.match(bare)) and (whole := whole_phone(typed)):
        return whole
    if match == "starts" and bare.isdigit():
        return _beginning(bare, has_area=typed.lstrip().startswith("("))
    return bare or typed


def _beginning(digits: str, *, has_area: bool) -> str:
    """Of a number as it is kept. An area code comes first, unless it is 55 and no mobile number follows: +55 then."""
    own = digits.lstrip("0")
    has_country = own.startswith("55") and not has_area and own[2:3] != "9"
    return f"+{own}" if has_country else f"+55{own}"


_Typed = Annotated[str, Strict(), Field(max_length=MAX_TYPED_LENGTH), AfterValidator(clean_text)]
_TYPED = {"type": "string", "minLength": 1, "maxLength": MAX_TYPED_LENGTH}
Cpf = Annotated[_Typed, AfterValidator(normal_cpf), WithJsonSchema({**_TYPED, "format": "cpf", "pattern": CPF_PATTERN})]
Phone = Annotated[
    _Typed, AfterValidator(normal_phone), WithJsonSchema({**_TYPED, "format": "phone", "pattern": CLEAN_PATTERN})
]
