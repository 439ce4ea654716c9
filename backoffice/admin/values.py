"""Values as people type them into forms, and as the screen and spreadsheets show them."""

import re
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

from piccolo.columns import Column, Numeric

from backoffice import words
from backoffice.columns import EnumColumn
from backoffice.problems import FieldError, Problem

WITH_COMMAS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+")  # as in 1,234.50 in English
WITH_COMMA = re.compile(r"-?[0-9]{1,3}(\.?[0-9]{3})*,[0-9]+")  # as in 1.234,50
WITH_ONE_POINT = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")  # as in 1.234: here a thousand and more, elsewhere not

WHOLE_SECOND = re.compile(r"(:[0-9]{2}:[0-9]{2})(\.0+)?(?=Z|[+-]|$)")

CURRENCY = re.compile(r"R\$\s*")

FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9.,]+$)")

CHANGE = words.Text("{column}: {was} → {now}", "{column}: {was} → {now}")


def from_form(data: Any, lines: Collection[str]) -> dict[str, Any]:
    """:param lines: fields of one line, around which white space was copied rather than meant.
    :raises Problem: validation_error, unless there are fields at all.
    """
    if not isinstance(data, Mapping):
        raise Problem("validation_error", errors=[FieldError("", "dict_type")])
    typed = trimmed(data, lines)
    return {name: None if value == "" else value for name, value in typed.items()}


def trimmed(typed: Mapping[str, Any], lines: Collection[str]) -> dict[str, Any]:
    return {name: value.strip() if name in lines and isinstance(value, str) else value for name, value in typed.items()}


def with_points(typed: Mapping[str, Any], language: words.Language) -> tuple[dict[str, Any], list[FieldError]]:
    """Decimals as Brazilians type them, as we write them; and those whose point may part the thousands.

    In English 1,234 would be another number, and 1.234 can only be one.
    """
    if language != "pt":
        return {name: _without_commas(value) for name, value in typed.items()}, []
    texts = {name: re.sub(CURRENCY, "", value, count=1) for name, value in typed.items() if isinstance(value, str)}
    unclear = [FieldError(name, "ambiguous_number") for name, text in texts.items() if WITH_ONE_POINT.fullmatch(text)]
    meant = {
        name: text.replace(".", "").replace(",", ".") for name, text in texts.items() if WITH_COMMA.fullmatch(text)
    }
    return {**typed, **texts, **meant}, unclear


def _without_commas(value: Any) -> Any:
    return value.replace(",", "") if isinstance(value, str) and WITH_COMMAS.fullmatch(value) else value


def to_the_end_of_seconds(given: Mapping[str, str], times: Set[str]) -> dict[str, str]:
    """Fields have times in whole seconds, and rows fractions: "up to" and "after" a second mean its end."""
    bounds = [name for name in times & given.keys() if given.get(f"{name}__operator") in ("lte", "gt")]
    return {name: WHOLE_SECOND.sub(r"\1.999999", given[name]) for name in bounds}


def decimal(text: str, language: words.Language) -> str:
    """:param text: as we write it."""
    return text.replace(".", ",") if language == "pt" else text


def for_spreadsheet(value: Any) -> Any:
    """Nothing as nothing, which the front end would call "null", and text as text, whatever it begins with."""
    if isinstance(value, str) and FORMULA.match(value):
        return f"'{value}"
    return "" if value is None else value


def tell(changes: Mapping[str, Sequence[Any]], columns: Mapping[str, Column], language: words.Language) -> str:
    """A line for each column that changed, with what was there before and after.

    :param columns: of the table that it is about.
    """
    return "\n".join(
        words.translate(CHANGE, language, column=words.label(name, language), was=was, now=now)
        for name, both in changes.items()
        for was, now in [[_tell_value(value, columns.get(name), language) for value in both]]
    )


def _tell_value(value: Any, column: Column | None, language: words.Language) -> str:
    """What somebody wrote stays as it is, even where it is one of our words."""
    if value is None:
        return "–"
    if isinstance(column, Numeric):
        return decimal(str(value), language)
    return words.word(value, language) if isinstance(value, bool) or isinstance(column, EnumColumn) else str(value)


def choice(value: str, language: words.Language) -> dict[str, str]:
    return {"value": value, "display_name": words.word(value, language).capitalize()}
