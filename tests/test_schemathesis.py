"""The API does what its description says: schemathesis, as somebody of each role, against a real server."""

import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from accounts.sessions import hash_token
from backoffice.settings import ROOT
from tests.support.builders import a_user
from tests.support.commands import run
from tests.support.databases import clone
from tests.support.real_server import real_server

pytestmark = pytest.mark.timeout(900)  # on a busy machine

# Every phase as the one who may do everything; others differ only in what they are refused.
EXAMPLES = 3
PHASES = {"admin": "examples,coverage,fuzzing,stateful", "employee": "examples"}
SPARE_SESSIONS = 200


class Api:
    """A server with the demo data, and sessions of its users."""

    def __init__(self, address: str, connection: asyncpg.Connection) -> None:
        self.address = address
        self.connection = connection

    async def tokens(self, user_id: UUID, count: int) -> list[str]:
        tokens = [secrets.token_urlsafe() for _ in range(count)]
        await self.connection.execute(
            "INSERT INTO sessions (token_hash, user_id, expires_at) "
            "SELECT hash, $2, now() + interval '1 hour' FROM unnest($1::text[]) AS hash",
            [hash_token(token) for token in tokens],
            user_id,
        )
        return tokens


@pytest.fixture(scope="module")
async def api(
    server: str,
    steward: asyncpg.Connection,
    template: str,
    as_served: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Api]:
    async with clone(server, steward, template) as dsn:
        run(dsn, "seed")
        connection = await asyncpg.connect(dsn)
        with real_server(as_served(dsn), tmp_path_factory.mktemp("schemathesis") / "server.log") as address:
            yield Api(address, connection)
        await connection.close()


def schemathesis(address: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("st"))
    command = [
        program,
        "--no-color",
        "--config-file",
        "tests/support/schemathesis.toml",
        "run",
        f"{address}/openapi.json",
    ]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("role", PHASES)
async def test_schemathesis_finds_nothing(api: Api, role: str) -> None:
    user_id = await a_user(api.connection, role=role)  # the others' state depends on who ran before
    token, *spare = await api.tokens(user_id, 1 + SPARE_SESSIONS)
    done = schemathesis(
        api.address,
        *("--phases", PHASES[role], "--max-examples", str(EXAMPLES), "--checks", "all"),
        TOKEN=token,
        OWN_ID=str(user_id),
        SPARE_TOKENS=" ".join(spare),
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "No issues found" in done.stdout
    session = await api.connection.fetchval("SELECT id FROM sessions WHERE token_hash = $1", hash_token(token))
    assert session is not None, "most of the run was spent logged out"
