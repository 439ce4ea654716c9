"""Compares the database with the code: which migrations are pending, changed or unknown, and what differs."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backoffice.database.engine import Engine
from backoffice.migrations import expected, records
from backoffice.migrations.catalog import Catalog, Difference, compare, read_catalog
from backoffice.migrations.files import all_migrations
from backoffice.migrations.journal import Journal, noted
from backoffice.migrations.lock import exclusive
from backoffice.migrations.outcomes import MigrationRefused
from backoffice.migrations.records import State
from backoffice.migrations.scratch import a_server, declared_catalog, migrate, scratch

# True where an owner's default privileges exclude PUBLIC: then the operator has chosen who may call functions.
CLOSED_BY_DEFAULT = """
SELECT EXISTS (
    SELECT FROM pg_default_acl
    WHERE defaclobjtype = 'f' AND defaclnamespace = 0
      AND defaclrole IN (SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
      AND NOT EXISTS (SELECT FROM aclexplode(defaclacl) WHERE grantee = 0)
)
"""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of a check.

    :ivar catalog: the catalog of the database when it was checked.
    :ivar expected: the catalog that the applied migrations make.
    :ivar drift: the differences between these two.
    :ivar undeclared: the differences between what all migrations make and what the code declares.
    """

    state: State
    catalog: Catalog
    drift: Sequence[Difference] = ()
    undeclared: Sequence[Difference] = ()
    expected: Catalog = field(default_factory=dict)

    @property
    def fine(self) -> bool:
        state = self.state
        return not (state.pending or state.changed or state.unknown or self.drift or self.undeclared)

    @property
    def acceptable(self) -> bool:
        """True when the database is what the files of the applied migrations make; others may be pending."""
        return not (self.state.unknown or self.drift or self.undeclared)

    def __str__(self) -> str:
        if self.fine:
            return "The database is as the code says."
        state = self.state
        return "\n".join(
            [
                *_listed("Pending; run them with `make migrate`:", state.pending),
                *_listed("Changed after they ran; restore the files:", [one.path.name for one in state.changed]),
                *_listed("Ran, but unknown to this program:", [" ".join(key) for key in state.unknown]),
                *_explained("The database differs from what its migrations make:", self.drift),
                *_explained("The migrations do not make what the code declares:", self.undeclared),
            ]
        )


def _listed(title: str, things: Sequence[Any]) -> list[str]:
    return [title, *(f"  {thing}" for thing in things)] if things else []


def _explained(title: str, differences: Sequence[Difference]) -> list[str]:
    return [title, *(line for one in differences for line in _explain(one))] if differences else []


def _explain(difference: Difference) -> list[str]:
    lines = [f"  {difference}"]
    if difference.expected is not None and difference.found is not None:
        expected, found = difference.expected.splitlines(), difference.found.splitlines()
        changes = list(difflib.unified_diff(expected, found, lineterm="", n=1))[2:]
        lines += [f"    {line}" for line in changes if not line.startswith("@@")]
    return lines


async def check(engine: Engine, scratch_server: str = "") -> Report:
    """Compares the database, which is only read, with scratch databases.

    :param scratch_server: address of a server in which to make them; else an embedded one.
    """
    async with records.reading(engine) as connection:
        state = await records.read_state(connection)
        found = await read_catalog(connection)
        closed = await connection.fetchval(CLOSED_BY_DEFAULT)
    async with a_server(engine, scratch_server) as server:
        async with scratch(engine, server) as run:
            ran = [one for one in all_migrations() if one not in state.pending]
            expected = await migrate(run, ran)
            made = await migrate(run, state.pending) if state.pending else expected
        declared = await declared_catalog(engine, server)
    drift = [one for one in compare(expected, found) if not (closed and one.closes)]
    undeclared = compare(declared, made)
    return Report(state=state, catalog=found, drift=drift, undeclared=undeclared, expected=expected)


async def accept(engine: Engine, scratch_server: str = "") -> Report:
    """Accepts the files of the applied migrations as they are now, if the database is what these files make.

    :raises MigrationRefused: where the database changed while it was checked.
    """
    report = await check(engine, scratch_server)
    if not report.acceptable:
        return report
    async with noted(engine, Journal()), exclusive(engine) as connection, connection.transaction():
        catalog, pending = await read_catalog(connection), report.state.pending
        if compare(report.catalog, catalog):
            raise MigrationRefused("Somebody changed the database while it was checked. Nothing was accepted.")
        await records.remember_files(connection, [one for one in all_migrations() if one not in pending])
        await expected.remember_catalog(connection, catalog)
    async with records.reading(engine) as connection:
        return Report(state=await records.read_state(connection), catalog=catalog)
