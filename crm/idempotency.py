"""`Idempotency-Key`: the same request, sent again, gets the same answer and creates nothing."""

import hashlib
import json
import re
from datetime import timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any
from uuid import UUID

from starlette.requests import Request

from backoffice.database.engine import the_engine
from backoffice.database.expiry import delete_expired
from backoffice.problems import FieldError, Problem
from crm.tables import IdempotencyKey

MAX_KEY_LENGTH = 255
RETENTION = timedelta(hours=48)

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)

PLAIN = "[!-~]([ -~]*[!-~])?"
KEY_HEADER = "Idempotency-Key"
KEY = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "Any text of your own. The same request with the same key is carried out once.",
    "example": "order-2026-0117",
    "schema": {"type": "string", "maxLength": MAX_KEY_LENGTH, "pattern": f"^{PLAIN}$"},
}


def key_of(request: Request) -> str | None:
    """:raises Problem: validation_error, for more than one key, and for one that is empty, too long or not ASCII."""
    keys = request.headers.getlist(KEY_HEADER)
    if not keys:
        return None
    if len(keys) > 1 or len(keys[0]) > MAX_KEY_LENGTH or not re.fullmatch(PLAIN, keys[0]):
        raise Problem("validation_error", errors=[FieldError(KEY_HEADER, "invalid")])
    return keys[0]


async def recall(user_id: UUID, key: str, body: str) -> str | None:
    """The answer stored for this user's key; None when the key is new, which then belongs to this request.

    Waits for a concurrent request with the same key. When that one is refused, its transaction rolls back, and the key
    is free again.

    :param body: the JSON text; two bodies are the same when they are equal as JSON values.
    :raises Problem: idempotency_key_reused, when the key came with another body.
    """
    digest = digest_of(body)
    while not await _take(user_id, key, digest):
        if known := await _find(user_id, key):  # otherwise it has just been deleted as too old
            if json.loads(known["request"]) != digest:
                raise Problem("idempotency_key_reused")
            return str(known["response"])
    return None


async def _take(user_id: UUID, key: str, digest: str) -> bool:
    """True when this request has inserted the key."""
    taken = await the_engine().fetch_value(
        "INSERT INTO idempotency_keys (user_id, key, request) VALUES ($1, $2, to_jsonb($3::text)) "
        "ON CONFLICT (user_id, key) DO NOTHING RETURNING id",
        user_id,
        key,
        digest,
    )
    return taken is not None


async def _find(user_id: UUID, key: str) -> Any:
    sql = "SELECT response, request::text FROM idempotency_keys WHERE user_id = $1 AND key = $2"
    return await the_engine().fetch_row(sql, user_id, key)


def digest_of(body: str) -> str:
    """A digest, the same for two texts exactly when they are equal as JSON; jsonb cannot hold every JSON value.

    :raises Problem: malformed_json, where it is nested too deeply.
    """
    try:
        value = json.loads(body, parse_int=_number, parse_float=_number, object_pairs_hook=_object)
        return _digest(value).hex()
    except RecursionError as error:
        raise Problem("malformed_json") from error


def _digest(value: Any) -> bytes:
    """SHA-256 of the repr(), which differs between numbers, texts, lists and objects (bytes here)."""
    return hashlib.sha256(repr(value).encode()).digest()


def _number(text: str) -> Decimal | int:
    return EXACT.normalize(number) if (number := Decimal(text)) else 0  # also of -0


def _object(pairs: list[tuple[str, Any]]) -> bytes:
    """Digested as soon as it is read: a large body has 100,000 objects."""
    return _digest(sorted(pairs))  # by name; read_json has refused repeated names


async def is_taken(user_id: UUID, key: str) -> bool:
    """Whether an earlier request of this user came with this key, and was not refused."""
    return await _find(user_id, key) is not None


async def remember(user_id: UUID, key: str, answer: str) -> None:
    """Stores the answer with the key, and forgets a few keys whose time is over."""
    await IdempotencyKey.update({IdempotencyKey.response: answer}).where(
        (IdempotencyKey.user_id == user_id) & (IdempotencyKey.key == key)
    )
    await delete_expired(IdempotencyKey.created_at, RETENTION)
