"""Labels of enum types are taken away and renamed, there and back, with everything that knows them."""

from pathlib import Path

import asyncpg
import pytest

from backoffice.migrations.catalog import compare, read_catalog
from tests.support.builders import a_presale_that_is, row
from tests.support.migrating import Workshop, recorded

OTHERS = """
    ALTER TABLE presales ADD CONSTRAINT others CHECK (status <> 'approved' OR total >= 0);
    CREATE INDEX others ON presales (status) WHERE status = 'approved';
    ALTER TABLE presales DISABLE TRIGGER presales_mark_birth;
    REVOKE EXECUTE ON FUNCTION presale_moves FROM PUBLIC
"""


@pytest.fixture
def workshop(tmp_path: Path, database: str) -> Workshop:
    return Workshop(tmp_path, database)


def without_cancelled(workshop: Workshop) -> None:
    workshop.edit("crm/enums.py", '    cancelled = "cancelled"\n', "")
    workshop.edit("crm/rules/presales.sql", ",cancelled", "")
    workshop.edit("crm/rules/presales.sql", "NOT IN ('draft', 'cancelled')", "<> 'draft'")
    workshop.edit("crm/rules/births.sql", "NOT IN ('draft', 'cancelled')", "<> 'draft'")


async def newest(connection: asyncpg.Connection, old: list[str]) -> str:
    """The id of the first migration that ran after those."""
    return (await recorded(connection))[len(old)].partition(" ")[2]


async def test_a_label_that_is_gone_is_taken_out_of_the_type_and_put_back(
    workshop: Workshop, connection: asyncpg.Connection
) -> None:
    await connection.execute(OTHERS)
    before, old = await read_catalog(connection), await recorded(connection)
    without_cancelled(workshop)
    written = workshop.run("migrations", "new", "crm", "--auto")
    assert written.code == 0, written.text
    cancelled, draft = await a_presale_that_is(connection, "cancelled"), await a_presale_that_is(connection, "draft")
    kept = await row(connection, "presales", draft)

    refused = workshop.migrate()
    assert refused.code == 2
    assert "LabelInUse: some rows of presales still have status = cancelled: change them first" in refused.text
    assert "Nothing was changed." in refused.text
    assert compare(before, await read_catalog(connection)) == []

    await connection.execute("DELETE FROM presales WHERE id = $1", cancelled)
    migrated = workshop.migrate()
    assert migrated.code == 0, migrated.text
    after = await read_catalog(connection)
    assert after["type presale_status"] == "ENUM ('draft', 'pending', 'approved', 'converted')"
    assert {one.thing for one in compare(before, after)} == {
        "type presale_status",
        "function presale_moves(status public.presale_status)",
        "function end_presale_birth()",
        "function refuse_presale_truncate()",
        "trigger presales.presales_refuse_deletion",
    }, "nothing else is another than it was, not even what the operator made"
    assert await row(connection, "presales", draft) == kept
    await connection.execute("UPDATE presales SET notes = 'in a session that knew the old type' WHERE id = $1", draft)

    back = workshop.run("migrations", "backwards", "crm", await newest(connection, old), "--auto_agree")
    assert back.code == 0, back.text
    assert compare(before, await read_catalog(connection)) == []


async def test_a_label_of_another_name_is_renamed_or_replaced_as_the_developer_says(
    workshop: Workshop, connection: asyncpg.Connection
) -> None:
    before, old = await read_catalog(connection), await recorded(connection)
    without_cancelled(workshop)
    workshop.edit("crm/enums.py", '    converted = "conv', '    dropped = "dropped"\n    converted = "conv')
    workshop.edit("crm/rules/presales.sql", "THEN '{pending}'", "THEN '{pending,dropped}'")
    files = set(workshop.folder.rglob("crm_*.py"))

    replaced = workshop.run("migrations", "new", "crm", "--auto", "--auto_input=n")
    assert replaced.code == 0, replaced.text
    assert workshop.migrate().code == 0
    after = await read_catalog(connection)
    assert after["type presale_status"] == "ENUM ('draft', 'pending', 'approved', 'dropped', 'converted')"
    back = workshop.run("migrations", "backwards", "crm", await newest(connection, old), "--auto_agree")
    assert back.code == 0, back.text
    assert compare(before, await read_catalog(connection)) == []
    for written in set(workshop.folder.rglob("crm_*.py")) - files:
        written.unlink()

    presale = await a_presale_that_is(connection, "cancelled")
    renamed = workshop.run("migrations", "new", "crm", "--auto", "--auto_input=y")
    assert renamed.code == 0, renamed.text
    assert workshop.migrate().code == 0
    assert compare(after, await read_catalog(connection)) == []
    assert (await row(connection, "presales", presale))["status"] == "dropped"
    back = workshop.run("migrations", "backwards", "crm", await newest(connection, old), "--auto_agree")
    assert back.code == 0, back.text
    assert compare(before, await read_catalog(connection)) == []


async def test_whether_a_label_was_renamed_is_not_guessed(workshop: Workshop) -> None:
    workshop.edit("crm/enums.py", '    cancelled = "cancelled"\n', '    dropped = "dropped"\n')
    before = list(workshop.folder.rglob("crm_*.py"))
    said = workshop.run("migrations", "new", "crm", "--auto")
    assert said.code == 1
    assert "Did you rename the label `cancelled` of `presale_status` to `dropped`? (y/N)" in said.text
    assert "Nobody is here to answer; say --auto_input=y or --auto_input=n." in said.text
    assert list(workshop.folder.rglob("crm_*.py")) == before
