"""Tables, rules, migrations and database say the same."""

import re
import shutil
from enum import StrEnum
from pathlib import Path

import asyncpg
import pytest
from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.conf.apps import AppConfig

from accounts.piccolo_app import APP_CONFIG as ACCOUNTS
from accounts.roles import UserRole
from backoffice.audit_trail.enums import AuditAction
from backoffice.piccolo_app import APP_CONFIG as BACKOFFICE
from backoffice.settings import ROOT
from crm.enums import PresaleStatus
from crm.piccolo_app import APP_CONFIG as CRM
from tests.support.builders import WAYS, a_presale, a_presale_that_is, a_session, a_user, row
from tests.support.catalog import catalog, names_of, rows_as_text
from tests.support.forked import run_module

APPS = ("backoffice", "accounts", "crm")
RULES = sorted(ROOT.glob("*/rules/*.sql"))
ENUMS: dict[str, type[StrEnum]] = {
    "user_role": UserRole,
    "presale_status": PresaleStatus,
    "audit_action": AuditAction,
}
STEPS = {app: len(list((ROOT / app / "piccolo_migrations").glob("*_20*.py"))) for app in APPS}


@pytest.fixture
async def full(connection: asyncpg.Connection) -> asyncpg.Connection:
    """To a database with rows in every table that keeps any."""
    await a_session(connection, await a_user(connection, role="admin"))
    for status in WAYS:
        await a_presale_that_is(connection, status)
    await connection.execute("INSERT INTO login_failures (account, address) VALUES ('ana', '127.0.0.1')")
    await connection.execute(
        "INSERT INTO idempotency_keys (user_id, key, request, response) SELECT id, 'k', '{}', '' FROM users"
    )
    return connection


class TestNothingDiffers:
    @pytest.mark.parametrize("app", [BACKOFFICE, ACCOUNTS, CRM], ids=APPS)
    async def test_the_migrations_make_the_tables_that_the_classes_declare(self, app: AppConfig) -> None:
        wanted = await AutoMigrationManager().get_alter_statements(app)
        assert [statement for group in wanted for statement in group.statements] == []

    def test_new_auto_finds_nothing_to_do(self, database: str, tmp_path: Path) -> None:
        for folder in APPS:
            shutil.copytree(ROOT / folder, tmp_path / folder)
        shutil.copy(ROOT / "piccolo_conf.py", tmp_path)
        said = run_module(tmp_path, {"DATABASE_URL": database}, "piccolo.main", "migrations", "new", "all", "--auto")
        assert said.output.count("No changes detected") == len(APPS), said.text
        files = [len(list((tmp_path / app / "piccolo_migrations").glob("*_20*.py"))) for app in APPS]
        assert files == list(STEPS.values())

    async def test_the_database_keeps_the_rules_that_the_files_say(self, connection: asyncpg.Connection) -> None:
        migrated = await catalog(connection)
        for file in RULES:
            await connection.execute(file.read_text())
        assert await catalog(connection) == migrated

    @pytest.mark.parametrize("kind", ["function", "trigger"])
    async def test_the_database_keeps_no_rule_that_the_files_do_not_say(
        self, connection: asyncpg.Connection, kind: str
    ) -> None:
        said = re.findall(
            rf"^CREATE (?:OR REPLACE |CONSTRAINT )*{kind.upper()} (\w+)",
            "\n".join(file.read_text() for file in RULES),
            re.MULTILINE,
        )
        assert sorted(said) == sorted(names_of(await catalog(connection), kind))

    async def test_the_types_have_the_members_of_the_enums(self, connection: asyncpg.Connection) -> None:
        found = await catalog(connection)
        for name, enum in ENUMS.items():
            assert found[f"type {name}"] == ", ".join(member.value for member in enum)
        assert names_of(found, "type") == set(ENUMS)

    async def test_rules_may_be_applied_to_a_database_in_use(self, full: asyncpg.Connection) -> None:
        before = await rows_as_text(full)
        last = await full.fetchval("SELECT max(number) FROM presales")
        await full.execute(
            "DELETE FROM presales WHERE number = (SELECT max(number) FROM presales WHERE status = 'draft')"
        )
        await full.execute("DELETE FROM presales WHERE status = 'cancelled'")
        now = await rows_as_text(full)
        for file in RULES:
            await full.execute(file.read_text())
        assert await rows_as_text(full) == now != before
        assert (await row(full, "presales", await a_presale(full)))["number"] == last + 1
