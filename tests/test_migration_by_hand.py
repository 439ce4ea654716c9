"""What Piccolo would do to a table in a way that keeps people from it is done by hand, and Piccolo only told."""

import re
from pathlib import Path

import asyncpg

from backoffice.migrations import expected
from backoffice.migrations.catalog import compare, read_catalog
from tests.support.migrating import LATER, Workshop, recorded


async def test_a_check_of_a_table_is_added_without_keeping_anybody_waiting(
    tmp_path: Path, database: str, server: str, connection: asyncpg.Connection
) -> None:
    workshop = Workshop(tmp_path, database)
    before, old = await read_catalog(connection), await recorded(connection)
    check = 'customers_name_not_blank = Check("NOT is_blank(name)")'
    workshop.edit("crm/tables.py", check, f'{check}\n    customers_name_short = Check("length(name) < 200")')
    written = workshop.new()
    added = "ALTER TABLE customers ADD CONSTRAINT customers_name_short CHECK (length(name) < 200) NOT VALID"
    workshop.migration(1, added, "ALTER TABLE customers DROP CONSTRAINT customers_name_short")
    workshop.migration(2, "ALTER TABLE customers VALIDATE CONSTRAINT customers_name_short", alone=True)
    id = LATER.format(number=3)
    written.write_text(
        re.sub('ID = ".*"', f'ID = "{id}"', written.read_text()).replace("=DESCRIPTION", "=DESCRIPTION, fake=True")
    )

    plan = workshop.run("backoffice", "plan", f"--scratch={server}").text
    assert f"crm {id}: only recorded" in plan
    assert "WARNING" not in plan
    migrated = workshop.migrate()
    assert migrated.code == 0, migrated.text
    after = await read_catalog(connection)
    assert [str(one) for one in compare(before, after)] == [
        "constraint customers.customers_name_short is not of the program"
    ]
    assert "NOT VALID" not in after["constraint customers.customers_name_short"]
    assert await expected.drift(connection) == []
    assert workshop.run("backoffice", "check", f"--scratch={server}").text == "The database is as the code says.\n"
    assert workshop.run("migrations", "backwards", "crm", LATER.format(number=1), "--auto_agree").code == 0
    assert compare(before, await read_catalog(connection)) == []
    assert await recorded(connection) == old
