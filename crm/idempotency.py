"""`Idempotency-Key`: the same request, sent again, gets the same answer and creates nothing."""

import re
from uuid import UUID

from piccolo.querystring import QueryString
from starlette.requests import Request

from backoffice.problems import FieldError, Problem
from crm.tables import IdempotencyKey

MAX_KEY_LENGTH = 255
KEPT_HOURS = 48
CLEANED_AT_A_TIME = 100

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
    """The answer that this user's key was given, or None when it is new; it then belongs to this request.

    A request with the same key that is under way is waited for. When it is refused, its key is free again, since the
    key is part of its transaction.

    :param body: the JSON text; two bodies are the same when they are equal as JSON values.
    :raises Problem: idempotency_key_reused, when the key came with another body.
    """
    run = IdempotencyKey._meta.db.run_querystring
    taken = await run(
        QueryString(
            "INSERT INTO idempotency_keys (user_id, key, request) VALUES ({}, {}, {}::jsonb) "
            "ON CONFLICT (user_id, key) DO NOTHING RETURNING id",
            user_id,
            key,
            body,
        )
    )
    if taken:
        return None
    known = await run(
        QueryString(
            "SELECT response, request = {}::jsonb AS same FROM idempotency_keys WHERE user_id = {} AND key = {}",
            body,
            user_id,
            key,
        )
    )
    if not known[0]["same"]:
        raise Problem("idempotency_key_reused")
    return str(known[0]["response"])


async def is_taken(user_id: UUID, key: str) -> bool:
    """Whether an earlier request of this user came with this key, and was not refused."""
    mine = (IdempotencyKey.user_id == user_id) & (IdempotencyKey.key == key)
    return bool(await IdempotencyKey.exists().where(mine))


async def remember(user_id: UUID, key: str, answer: str) -> None:
    """Keeps the answer with the key, and lets go of a few that are older than two days."""
    await IdempotencyKey.update({IdempotencyKey.response: answer}).where(
        (IdempotencyKey.user_id == user_id) & (IdempotencyKey.key == key)
    )
    await IdempotencyKey._meta.db.run_querystring(
        QueryString(
            "DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys "
            f"WHERE created_at < now() - interval '{KEPT_HOURS} hours' LIMIT {CLEANED_AT_A_TIME} "
            "FOR UPDATE SKIP LOCKED)"
        )
    )
