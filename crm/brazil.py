"""CPFs and telephone numbers as people type them: checked and normalized before the database sees them."""

import re
from contextlib import suppress
from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, Field, Strict, WithJsonSchema
from validate_docbr import CPF

from backoffice.api.values import CLEAN_PATTERN, clean_text, error

CPF_DIGITS = 11
MAX_TYPED_LENGTH = 40
# The characters between digits, the same as in drop_punctuation() of rules/brazil.sql.
PUNCTUATION = r"[\s./\u00a0\u00ad\u2000-\u2015\u2028-\u202f\u205f-\u2069\u2212\u3000\ufeff-]"
CPF_PATTERN = f"^{PUNCTUATION}*([0-9]{PUNCTUATION}*){{11}}$"

# How people write them: 529.982.247-25, (11) 98765-4321.
WRITTEN_CPF = (r"^(\d{3})(\d{3})(\d{3})(\d{2})$", r"\1.\2.\3-\4")
WRITTEN_PHONE = (r"^\+55(\d{2})(\d{4,5})(\d{4})$", r"(\1) \2-\3")

FROM_AFAR = re.compile(r"\+?(55)?0|90")  # prefixes for dialling, with which no stored number begins

CARRIER_OF_CHOICE = re.compile(r"^((?:\+|00)?(?:55)?0)xx", re.IGNORECASE)  # as in (0xx11)

PERSONAL = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)


def normal_cpf(typed: str) -> str:
    """Eleven digits."""
    digits = _without_punctuation(typed)
    if not re.fullmatch("[0-9]{11}", digits) or not CPF().validate(digits):
        raise error("cpf")
    return digits


def normal_phone(typed: str) -> str:
    """The number in E.164. Numbers without an area code, such as 0800, belong to no person and are refused."""
    bare = CARRIER_OF_CHOICE.sub(r"\1", _bare_phone(typed))
    # phonenumbers would turn letters into digits (11 98765-CAFE) and skip a second prefix.
    if not re.fullmatch(r"\+?[0-9]+", bare) or re.match(r"(\+|00)?5500", bare):
        raise error("phone")
    try:
        # phonenumbers reads 0055 as an international call through carrier 55; people mean +55.
        number = phonenumbers.parse(re.sub("^0055", "+55", bare), "BR")
    except phonenumbers.NumberParseException as reason:
        raise error("phone") from reason
    kind = phonenumbers.number_type(number)
    if number.country_code != 55 or number.extension or kind not in PERSONAL:
        raise error("phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def whole_phone(typed: str) -> str | None:
    """The number in E.164; None when it is not valid."""
    with suppress(ValueError):
        return normal_phone(typed)
    return None


def cpf_filter(typed: str, _: str) -> str:
    """A CPF or a part of one, without punctuation."""
    return _without_punctuation(typed) or typed


def phone_filter(typed: str, match: str) -> str:
    """A telephone number or a part of one, in stored form; a whole number may be typed in any form.

    :param match: `exact`, `starts`, … Digits that are a whole number by themselves may also be a part of another.
    """
    bare = _bare_phone(typed)
    if (match in ("exact", "starts") or FROM_AFAR.match(bare)) and (whole := whole_phone(typed)):
        return whole
    if match == "starts" and bare.isdigit():
        return _beginning(bare, has_area=typed.lstrip().startswith("("))
    return bare or typed


def _beginning(digits: str, *, has_area: bool) -> str:
    """The beginning of a stored number. Digits begin with the area code; 55 is the country code unless a 9 follows."""
    own = digits.lstrip("0")
    has_country = own.startswith("55") and not has_area and own[2:3] != "9"
    return f"+{own}" if has_country else f"+55{own}"


def _without_punctuation(typed: str) -> str:
    return re.sub(PUNCTUATION, "", typed)


def _bare_phone(typed: str) -> str:
    """Without punctuation and brackets."""
    return re.sub(r"[()]", "", _without_punctuation(typed))


_Typed = Annotated[str, Strict(), Field(max_length=MAX_TYPED_LENGTH), AfterValidator(clean_text)]
_TYPED = {"type": "string", "minLength": 1, "maxLength": MAX_TYPED_LENGTH}
Cpf = Annotated[_Typed, AfterValidator(normal_cpf), WithJsonSchema({**_TYPED, "format": "cpf", "pattern": CPF_PATTERN})]
Phone = Annotated[
    _Typed, AfterValidator(normal_phone), WithJsonSchema({**_TYPED, "format": "phone", "pattern": CLEAN_PATTERN})
]
