"""Responses with JSON that PostgreSQL wrote, and the ETags of rows."""

import hashlib
from collections.abc import Mapping

from starlette.responses import Response


def etag(row: str) -> str:
    """A strong validator: the same for the same bytes of a whole row."""
    return f'"{hashlib.blake2b(row.encode(), digest_size=16).hexdigest()}"'


def is_stale(if_match: str, row: str) -> bool:
    """True when this If-Match header does not match this version of the row."""
    versions = [version.strip() for version in if_match.split(",")]
    return "*" not in versions and etag(row) not in versions


def row_response(row: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A whole row, with its ETag."""
    return json_response(row, status, {"ETag": etag(row), **(headers or {})})


def json_response(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, headers, media_type="application/json")
