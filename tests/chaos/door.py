"""A clerk's way into the shop: HTTP, where an answer is an answer, and anything else an unknown outcome."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from accounts.passwords import DEMO_PASSWORD

MAX_SECONDS = 15  # neither an answer nor a refusal may take longer
ROLES = ("employee", "manager")
PATIENCE_SECONDS = 90  # of somebody who repeats: every fault is over long before


class Difference(AssertionError):
    """The shop did what the model says it never does."""


@dataclass
class Ledger:
    """What happened, in figures, and what should not have."""

    answers: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0
    differences: list[str] = field(default_factory=list)


def refusal_of(answer: httpx.Response) -> str | None:
    """The code of a problem; None where the wish was granted."""
    return None if answer.is_success else str(answer.json()["code"])


class Door:
    """One person, who is logged in as an employee and as a manager."""

    def __init__(self, address: str, ledger: Ledger, random: Random) -> None:
        self.ledger, self.random = ledger, random
        self.tokens: dict[str, str] = {}
        self._client = httpx.AsyncClient(base_url=address, timeout=MAX_SECONDS + 10)

    async def close(self) -> None:
        await self._client.aclose()

    async def log_in(self) -> None:
        for role in ROLES:
            credentials = {"email": f"{role}@flowcrm.example", "password": DEMO_PASSWORD}
            answer = await self.insist("POST", "/api/auth/login/", credentials, role=None)
            self.expect(answer.status_code == 200, f"the log-in of {role}: {answer.text}")
            self.tokens[role] = answer.json()["token"]

    async def ask(
        self, method: str, path: str, body: Any = None, *, role: str | None = "manager", **headers: str
    ) -> httpx.Response | None:
        """The answer, or None where nobody knows what became of the request. Headers are written with underscores."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if role is not None:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        begun = time.monotonic()
        try:
            answer = await self._client.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            self._record(f"{method} {path}", type(error).__name__, time.monotonic() - begun)
            return None
        self._record(f"{method} {path}", str(answer.status_code), time.monotonic() - begun)
        self._check(f"{method} {path}", answer)
        return None if answer.status_code == 503 else answer

    async def insist(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Repeats the request until it is answered; for what may be said twice."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := await self.ask(method, path, body, **options)) is None:
            self.expect(time.monotonic() < deadline, f"{method} {path}: no answer in {PATIENCE_SECONDS} s")
            await self.pause()
        return answer

    async def pause(self) -> None:
        await asyncio.sleep(self.random.uniform(0.05, 0.4))

    def expect(self, true: bool, otherwise: str) -> None:
        if not true:
            raise Difference(otherwise)

    def _record(self, request: str, outcome: str, seconds: float) -> None:
        self.ledger.answers[outcome] += 1
        self.ledger.slowest_seconds = max(self.ledger.slowest_seconds, seconds)
        if seconds > MAX_SECONDS:
            self.ledger.differences.append(f"{request} took {seconds:.1f} s")

    def _check(self, request: str, answer: httpx.Response) -> None:
        """A fault of the database is told as such, and a token is never forgotten."""
        if answer.status_code == 503:
            self.expect("retry-after" in answer.headers, f"{request}: a 503 without Retry-After")
            expected = str(refusal_of(answer)).startswith(("database_", "shutting_down"))
            self.expect(expected, f"{request}: {answer.text}")
        self.expect(answer.status_code not in (401, 429, 500, 502, 504), f"{request}: {answer.text}")
