"""CPF and telephone numbers as people type them, explained before the database would refuse them."""

from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, Field, Strict
from validate_docbr import CPF

from backoffice.values import clean_text, error

MAX_TYPED_LENGTH = 40
PUNCTUATION = str.maketrans("", "", " .-/\t\u00a0\u2013")


def normal_cpf(typed: str) -> str:
    """Eleven digits."""
    digits = typed.translate(PUNCTUATION)
    if not (digits.isascii() and digits.isdigit() and len(digits) == 11 and CPF().validate(digits)):
        raise error("cpf")
    return digits


def normal_phone(typed: str) -> str:
    """E.164. Numbers without an area code, such as 0800, are nobody's own and are refused."""
    try:
        number = phonenumbers.parse(typed, "BR")
    except phonenumbers.NumberParseException as reason:
        raise error("phone") from reason
    kind = phonenumbers.number_type(number)
    if number.country_code != 55 or number.extension or kind not in PERSONAL:
        raise error("phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


PERSONAL = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)

_Typed = Annotated[str, Strict(), Field(min_length=1, max_length=MAX_TYPED_LENGTH), AfterValidator(clean_text)]
Cpf = Annotated[_Typed, AfterValidator(normal_cpf)]
Phone = Annotated[_Typed, AfterValidator(normal_phone)]
