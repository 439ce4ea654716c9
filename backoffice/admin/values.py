"""Values as people type them into forms, and as the screen and spreadsheets show them."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence, Set
from decimal import Decimal
from typing import Any

from piccolo.columns import Column, Numeric

from backoffice import words
from backoffice.api.values import VISIBLE
from backoffice.columns import EnumColumn
from backoffice.problems import FieldError, Problem

# As in 1,234.50 or 1,234,567 in English, and in 1.234,50, 1 234,50 or 1.234.567 in Portuguese.
IN_ENGLISH = re.compile(r"-?[0-9]{1,3}((,[0-9]{3})+\.[0-9]+|(,[0-9]{3}){2,})")
IN_PORTUGUESE = re.compile(r"-?[0-9]{1,3}(([.\s]?[0-9]{3})*,[0-9]+|(\.[0-9]{3}){2,})")
WITH_ONE_POINT = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")  # as in 1.234: 1234 in Portuguese, elsewhere a decimal

MAX_COMPOSED_LENGTH = 1000  # characters; more than any one-line column has

WHOLE_SECOND = re.compile(r"(:[0-9]{2}:[0-9]{2})(\.0+)?(?=Z|[+-]|$)")

OTHER_WAY_ROUND = str.maketrans(",.", ".,")

CURRENCY = re.compile(r"R\$\s*")

FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9.,]+$)")

CHANGE = words.Text("{column}: {was} → {now}", "{column}: {was} → {now}")


def from_form(data: Any, lines: Collection[str]) -> dict[str, Any]:
    """The values of a form; empty text becomes None.

    :param lines: single-line fields; see `tidied`.
    :raises Problem: validation_error, when the data is not an object.
    """
    if not isinstance(data, Mapping):
        raise Problem("validation_error", errors=[FieldError("", "dict_type")])
    typed = tidied(data, lines)
    return {name: None if value == "" else value for name, value in typed.items()}


def tidied(typed: Mapping[str, Any], lines: Collection[str]) -> dict[str, Any]:
    """The values, those of single-line fields without what nobody can see of text that was copied from elsewhere:
    invisible characters around it, and accents apart from their letters.
    """
    return {name: _tidy(value) if name in lines and isinstance(value, str) else value for name, value in typed.items()}


def _tidy(text: str) -> str:
    first, last = VISIBLE.search(text), VISIBLE.search(text[::-1])
    if first is None or last is None:
        return ""
    return _composed(text[first.start() : len(text) - last.start()])


def _composed(text: str) -> str:
    """Accents and letters as one; not in long text, which no column takes: the time grows with the square."""
    return unicodedata.normalize("NFC", text) if len(text) <= MAX_COMPOSED_LENGTH else text


def with_points(typed: Mapping[str, Any], language: words.Language) -> tuple[dict[str, Any], list[FieldError]]:
    """Decimals typed with thousands apart, or in Portuguese, as JSON has them; and errors for ambiguous ones, as 1.234.

    In English 1.234 has one meaning, and 1,234 would be another number.
    """
    texts = {name: re.sub(CURRENCY, "", value, count=1) for name, value in typed.items() if isinstance(value, str)}
    if language != "pt":
        meant = {name: text.replace(",", "") for name, text in texts.items() if IN_ENGLISH.fullmatch(text)}
        return {**typed, **texts, **meant}, []
    unclear = [FieldError(name, "ambiguous_number") for name, text in texts.items() if WITH_ONE_POINT.fullmatch(text)]
    meant = {
        name: re.sub(r"[.\s]", "", text).replace(",", ".")
        for name, text in texts.items()
        if IN_PORTUGUESE.fullmatch(text)
    }
    return {**typed, **texts, **meant}, unclear


def to_the_end_of_seconds(given: Mapping[str, str], times: Set[str]) -> dict[str, str]:
    """Moves the bounds of `lte` and `gt` to the end of their second: fields have whole seconds, rows have fractions."""
    bounds = [name for name in times & given.keys() if given.get(f"{name}__operator") in ("lte", "gt")]
    return {name: WHOLE_SECOND.sub(r"\1.999999", given[name]) for name in bounds}


def decimal(value: str | Decimal, language: words.Language, *, apart: bool) -> str:
    """1.942,80 in Portuguese, 1,942.80 in English.

    :param apart: whether thousands stand apart. Spreadsheets would take them for text.
    """
    written = f"{Decimal(value):,}" if apart else str(value)
    return written.translate(OTHER_WAY_ROUND) if language == "pt" else written


def for_spreadsheet(value: Any) -> Any:
    """None becomes an empty cell (not "null"); text that a spreadsheet would evaluate gets an apostrophe."""
    if isinstance(value, str) and FORMULA.match(value):
        return f"'{value}"
    return "" if value is None else value


def tell(changes: Mapping[str, Sequence[Any]], columns: Mapping[str, Column], language: words.Language) -> str:
    """One line for each changed column, with its values before and after.

    :param columns: those of the table in which the row was changed.
    """
    return "\n".join(
        words.translate(CHANGE, language, column=words.label(name, language), was=was, now=now)
        for name, both in changes.items()
        for was, now in [[_tell_value(value, columns.get(name), language) for value in both]]
    )


def _tell_value(value: Any, column: Column | None, language: words.Language) -> str:
    """A value as text. Only booleans and enums are translated, never text that a user wrote."""
    if value is None:
        return "–"
    if isinstance(column, Numeric):
        return decimal(value, language, apart=True)
    return words.word(value, language) if isinstance(value, bool) or isinstance(column, EnumColumn) else str(value)


def choice(value: str, language: words.Language) -> dict[str, str]:
    return {"value": value, "display_name": words.word(value, language).capitalize()}
