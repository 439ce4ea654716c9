"""Who talks to the REST API in most tests."""

from dataclasses import dataclass

import httpx


@dataclass(frozen=True)
class Cast:
    """Somebody of each role, logged in with a token, and a stranger."""

    admin: httpx.AsyncClient
    manager: httpx.AsyncClient
    employee: httpx.AsyncClient
    stranger: httpx.AsyncClient
