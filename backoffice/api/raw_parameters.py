"""The parameters of a request, read strictly."""

import re
from urllib.parse import parse_qsl

from backoffice.api.values import WHOLE_NUMBER
from backoffice.problems import FieldError, Problem

MAX_INTEGER_LENGTH = 1000  # characters; a longer number is out of every range anyway
MAX_NAME_LENGTH = 64  # of an unknown name, as an answer repeats it


def refuse_parameters(query: bytes) -> None:
    """Refuses all, for routes without parameters.

    :param query: as it was sent.
    :raises Problem: validation_error, naming each.
    """
    if names := dict(_pairs(query)):
        raise Problem("validation_error", errors=[FieldError(_shown(name), "unknown_parameter") for name in names])


def _pairs(query: bytes) -> list[tuple[str, str]]:
    """Names and values; bytes that are not UTF-8 as lone surrogates."""
    return parse_qsl(query.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="surrogateescape")


def _shown(name: str) -> str:
    return name[:MAX_NAME_LENGTH].encode("utf-8", "replace").decode()


class RawParameters(dict[str, str]):
    """The parameters sent that are not read yet. Wrong ones, and those left at the end, are refused all at once."""

    def __init__(self, query: bytes) -> None:
        """:param query: as it was sent."""
        super().__init__()
        self.errors: list[FieldError] = []
        for name, value in _pairs(query):
            if name in self:
                self.refuse(name, "duplicate_parameter")
            if not _is_utf8(name + value):
                self.refuse(name, "string_unicode")
            if "\0" in value:
                self.refuse(name, "nul_character")
            self[name] = value

    def refuse(self, name: str, code: str, **parameters: object) -> None:
        self.errors.append(FieldError(_shown(name), code, parameters))

    def finish(self) -> None:
        """:raises Problem: validation_error, when a parameter was wrong or was not read."""
        for name in self:
            self.refuse(name, "unknown_parameter")
        if self.errors:
            raise Problem("validation_error", errors=self.errors)

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        text = self.pop(name, None)
        if text is None or text in choices:
            return text
        self.refuse(name, "literal_error", expected=", ".join(map(repr, choices)))
        return None

    def flag(self, name: str) -> bool:
        text = self.pop(name, "false")
        if text not in ("true", "false"):
            self.refuse(name, "bool_type")
        return text == "true"

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        text = self.pop(name, None)
        if text is None:
            return default
        if not re.fullmatch(WHOLE_NUMBER, text):
            self.refuse(name, "int_type")
            return default
        number = int(text[:MAX_INTEGER_LENGTH])
        if not low <= number <= high:
            code, bound = ("greater_than_equal", {"ge": low}) if number < low else ("less_than_equal", {"le": high})
            self.refuse(name, code, **bound)
            return default
        return number


def _is_utf8(text: str) -> bool:
    """False for lone surrogates, which stand for invalid bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
