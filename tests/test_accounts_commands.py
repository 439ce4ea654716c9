"""`piccolo accounts create_admin`."""

import asyncio
import io
import os

import asyncpg
import pytest

from accounts import commands
from accounts.passwords import verify_password
from backoffice.settings import ROOT, Settings
from piccolo_conf import DB
from tests.support.builders import a_user
from tests.support.forked import Forked, seen_at

BIA = ("bia@flowcrm.example", "Bia Lima")


def refusal(database: str, monkeypatch: pytest.MonkeyPatch, email: str, name: str, *, typed: str) -> str:
    """What this process would end with."""
    DB.configure(Settings(database_url=database))
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with pytest.raises(SystemExit) as refused:
        commands.create_admin(email, name)
    return str(refused.value.code)


class TestCreateAdmin:
    async def test_everything_can_be_piped_in(
        self,
        database: str,
        connection: asyncpg.Connection,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        DB.configure(Settings(database_url=database))
        monkeypatch.setattr("sys.stdin", io.StringIO("bia@flowcrm.example\nBia Lima\ncorrect horse\n"))
        await asyncio.to_thread(commands.create_admin)
        assert "Administrator bia@flowcrm.example was created." in capsys.readouterr().out
        [user] = await connection.fetch("SELECT * FROM users")
        assert (user["email"], user["name"], user["role"]) == ("bia@flowcrm.example", "Bia Lima", "admin")
        assert user["active"]
        assert await verify_password("correct horse", against=user["password"])

    async def test_the_password_is_asked_for_twice_at_a_terminal(
        self, database: str, connection: asyncpg.Connection
    ) -> None:
        said, status = at_a_terminal(database, ["correct horse", "correct horse"])
        assert status == 0, said
        assert "correct horse" not in said
        assert await connection.fetchval("SELECT count(*) FROM users") == 1

    async def test_two_different_ones_create_nobody(self, database: str, connection: asyncpg.Connection) -> None:
        said, status = at_a_terminal(database, ["correct horse", "correct house"])
        assert (status, "The two passwords differ." in said) == (1, True)
        assert await connection.fetchval("SELECT count(*) FROM users") == 0

    async def test_nonsense_is_refused_in_one_sentence(
        self, database: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await a_user(connection, email="ana@flowcrm.example")
        for email, typed, reason in (
            ("ANA@flowcrm.example", "correct horse\n", "Another user already has this e-mail"),
            ("bia@flowcrm.example", "", "No administrator was created: the input ended before all was said."),
        ):
            said = await asyncio.to_thread(refusal, database, monkeypatch, email, "Bia Lima", typed=typed)
            assert reason in said
            assert len(said.strip().splitlines()) == 1
        assert await connection.fetchval("SELECT count(*) FROM users") == 1

    @pytest.mark.parametrize(
        ("email", "name", "password", "reason"),
        [
            ("nonsense", "Bia", "correct horse", "This is not a valid e-mail address."),
            ("bia@x.example", " ", "correct horse", "The name may not be blank."),
            ("bia@x.example", "x" * 256, "correct horse", "too large"),
            ("bia@x.example", "B\0a", "correct horse", "Text may not contain NUL characters."),
            ("bia@x.example", "Jo\udce3o", "correct horse", "name: This is not valid text."),  # João in Latin-1
            ("bia@x.example", "Bia", "1234567", "password: At least 8 characters."),
            ("bia@x.example", "Bia", "x" * 129, "password: At most 128 characters."),
        ],
        ids=["e-mail", "blank", "long", "NUL", "Latin-1", "short password", "long password"],
    )
    def test_what_would_be_no_user_is_refused(
        self, database: str, monkeypatch: pytest.MonkeyPatch, email: str, name: str, password: str, reason: str
    ) -> None:
        assert reason in refusal(database, monkeypatch, email, name, typed=f"{password}\n")

    async def test_an_absent_database_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        absent = "postgresql://flowcrm:s3cret@127.0.0.1:1/flowcrm"
        said = await asyncio.to_thread(refusal, absent, monkeypatch, *BIA, typed="correct horse\n")
        assert "127.0.0.1:1" in said
        assert "s3cret" not in said
        assert len(said.strip().splitlines()) == 1


def at_a_terminal(database: str, answers: list[str]) -> tuple[str, int]:
    """What is seen there, and the exit status."""
    ours, theirs = os.openpty()
    command = ("piccolo.main", "accounts", "create_admin", f"--email={BIA[0]}", f"--name={BIA[1]}")
    program = Forked(ROOT, os.environ | {"DATABASE_URL": database}, *command, terminal=os.ttyname(theirs))
    said = ""
    for answer in answers:
        said += seen_at(ours, program, until=": ")
        os.write(ours, f"{answer}\n".encode())
        said += "\n"
    status = program.end().code
    said += os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    return said, status
