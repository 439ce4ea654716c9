"""Reads the bodies of requests as JSON, strictly."""

import json
from decimal import Decimal
from itertools import islice
from typing import Any, NoReturn

from starlette.requests import Request

from backoffice.problems import MAX_ERRORS, MAX_FIELD_LENGTH, FieldError, Problem

JSON = "application/json"

# Longer integers are read as Decimal, since int() refuses very long ones; the field's type then refuses them.
MAX_INTEGER_DIGITS = 30


async def read_json(request: Request) -> Any:
    """The body; numbers with decimals as Decimal.

    :raises Problem: malformed_json, also for NaN, Infinity and repeated names, which JSON leaves undefined, and for
        another Content-Type: a form of another site can send text, but not with the Content-Type of JSON.
    """
    if not is_json(request):
        raise Problem("malformed_json")
    return parse_json(await request.body())


async def read_nothing(request: Request) -> None:
    """Checks that the body is empty or an empty object, for requests that need none.

    :raises Problem: malformed_json; validation_error, so that nothing sent is silently ignored.
    """
    sent = await read_json(request) if await request.body() else None
    if isinstance(sent, dict):
        errors = [FieldError(name[:MAX_FIELD_LENGTH], "extra_forbidden") for name in islice(sent, MAX_ERRORS)]
    else:
        errors = [] if sent is None else [FieldError("", "dict_type")]
    if errors:
        raise Problem("validation_error", errors=errors)


def is_json(request: Request) -> bool:
    """True when the Content-Type is JSON or missing."""
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    return media_type == JSON or (media_type.startswith("application/") and media_type.endswith("+json"))


def parse_json(body: bytes) -> Any:
    try:
        return STRICTLY.decode(body.decode())
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Problem("malformed_json") from error


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else Decimal(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


STRICTLY = json.JSONDecoder(parse_float=Decimal, parse_int=_integer, parse_constant=_refuse, object_pairs_hook=_object)
