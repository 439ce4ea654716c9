"""The application in this process, on a database of the test's own, and clients that talk HTTP to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

import main
from backoffice.settings import Settings


@asynccontextmanager
async def served(database: str, **settings: Any) -> AsyncIterator[None]:
    """Between start and stop of the application, which has only one engine: one of these at a time."""
    main.DB.configure(Settings(database_url=database, **settings))
    async with main.lifespan(main.app):
        yield


def a_client(address: str = "192.0.2.1", **headers: str) -> httpx.AsyncClient:
    """A program or browser at this address."""
    transport = httpx.ASGITransport(main.app, raise_app_exceptions=False, client=(address, 50000))
    return httpx.AsyncClient(transport=transport, base_url="http://flowcrm.test", headers=headers)
