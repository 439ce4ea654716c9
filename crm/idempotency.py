"""`Idempotency-Key`: the same request, sent again, gets the same answer and creates nothing."""

from uuid import UUID

from piccolo.querystring import QueryString

from backoffice.problems import FieldError, Problem
from crm.tables import IdempotencyKey

MAX_KEY_LENGTH = 255
KEPT_HOURS = 48
CLEANED_AT_A_TIME = 100

KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of your own. The same request with the same key is carried out once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
}


async def recall(user_id: UUID, key: str, body: str) -> str | None:
    """The answer that this user's key was given, or None when it is new; it then belongs to this request.

    A request with the same key that is under way is waited for. When it is refused, its key is free again, since the
    key is part of its transaction.

    :param body: the JSON text; two bodies are the same when they are equal as JSON values.
    :raises Problem: idempotency_key_reused, when the key came with another body.
    """
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise Problem("validation_error", errors=[FieldError("Idempotency-Key", "invalid")])
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
