"""The body of a request, read as the JSON that it says it is."""

import json
from decimal import Decimal
from itertools import islice
from typing import Any, NoReturn

from starlette.requests import Request

from backoffice.problems import LONGEST_FIELD, MOST_ERRORS, FieldError, Problem

JSON = "application/json"

# Python refuses to read longer runs of digits as int; a Decimal takes them, and the field's type refuses them.
MAX_INTEGER_DIGITS = 30


async def read_json(request: Request) -> Any:
    """The body; numbers with decimals as Decimal.

    :raises Problem: malformed_json, also for what JSON leaves open (NaN, Infinity and repeated names), and for what
        says that it is something else: a form of another site can send text, but cannot say that it is JSON.
    """
    if not is_json(request):
        raise Problem("malformed_json")
    return parse_json(await request.body())


async def read_nothing(request: Request) -> None:
    """For requests whose address says everything; an empty object is as good as no body.

    :raises Problem: malformed_json; validation_error, rather than pass over in silence what somebody meant.
    """
    sent = await read_json(request) if await request.body() else None
    if isinstance(sent, dict):
        errors = [FieldError(name[:LONGEST_FIELD], "extra_forbidden") for name in islice(sent, MOST_ERRORS)]
    else:
        errors = [] if sent is None else [FieldError("", "dict_type")]
    if errors:
        raise Problem("validation_error", errors=errors)


def is_json(request: Request) -> bool:
    """Whether the request says so, or says nothing."""
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
