"""Answers in JSON that PostgreSQL wrote, and the versions of rows by which they are told apart."""

import hashlib
from collections.abc import Mapping

from starlette.responses import Response


def etag(row: str) -> str:
    """A strong validator: the same for the same bytes of a whole row."""
    return f'"{hashlib.blake2b(row.encode(), digest_size=16).hexdigest()}"'


def is_stale(if_match: str, row: str) -> bool:
    """Whether this If-Match header asks for another version than this row."""
    versions = [version.strip() for version in if_match.split(",")]
    return "*" not in versions and etag(row) not in versions


def json_response(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, headers, media_type="application/json")
