"""A dry run: the SQL that migrations would run, raw steps included, and its effects on people at work.

The migrations really run, on a scratch database, and are observed there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backoffice.database.engine import Engine
from backoffice.migrations import records
from backoffice.migrations.catalog import Difference, compare
from backoffice.migrations.choices import Choice
from backoffice.migrations.constraints import SETTLE
from backoffice.migrations.files import Migration, all_migrations
from backoffice.migrations.observing import Effect, Observer, read_schema_state
from backoffice.migrations.progress import undoable
from backoffice.migrations.risks import Old, Risk, locks, risks
from backoffice.migrations.runner import Run, Step
from backoffice.migrations.scratch import a_server, declared_catalog, migrate, quiet, scratch, throwaway_server
from backoffice.migrations.sql import statements

SIZES = """
SELECT relname, greatest(reltuples, 0)::bigint AS rows, pg_size_pretty(pg_total_relation_size(oid)) AS size
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""
REPEATABLE = re.compile(r" (?:IF|OR REPLACE) ", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One migration, and the effects of its statements on the tables that were there before.

    :param of_the_whole: the risks of the migration itself, beside those of its statements.
    """

    migration: Migration
    alone: bool
    faked: bool
    effects: Sequence[Effect]
    old: Old
    of_the_whole: Sequence[Risk]

    @property
    def accepted(self) -> Mapping[str, str]:
        """Codes of risks that this migration takes knowingly, each with its reason: its constant ACCEPTED."""
        return getattr(self.migration.module, "ACCEPTED", {})

    @property
    def risks(self) -> list[Risk]:
        return [*self.of_the_whole, *(risk for effect in self.effects for risk in risks(effect, self.old))]

    @property
    def objections(self) -> list[Risk]:
        return [risk for risk in self.risks if risk.code not in self.accepted]

    @property
    def _how(self) -> str:
        if self.faked:
            return "only recorded"
        return (
            "outside a transaction, each statement by itself"
            if self.alone
            else "in one transaction with its neighbours"
        )

    def script(self, sizes: Mapping[str, str]) -> str:
        """The SQL as it would run, with comments on what it would do."""
        lines = [f"-- {self.migration}: {self._how}"]
        for risk in self.of_the_whole:
            lines += self._warning(risk, sizes)
        for effect in self.effects:
            lines += self._commented(effect, sizes)
        return "\n".join(lines) + "\n"

    def _commented(self, effect: Effect, sizes: Mapping[str, str]) -> list[str]:
        lines = [str(effect.statement)]
        lines += [f"-- with: {effect.arguments!r}"] if effect.arguments else []
        lines += [f"-- locks {lock}" for lock in locks(effect, self.old)]
        for risk in risks(effect, self.old):
            lines += self._warning(risk, sizes)
        return lines

    def _warning(self, risk: Risk, sizes: Mapping[str, str]) -> list[str]:
        size = f" ({sizes[risk.table]})" if risk.table in sizes else ""
        end = f"accepted: {self.accepted[risk.code]}" if risk.code in self.accepted else f"safe way: {risk.safe_way}"
        return [f"-- WARNING {risk.code}: {risk.text}{size}", f"--   {end}"]


async def plan(engine: Engine, choose: Choice, *, backwards: bool = False, scratch_server: str) -> str:
    """The script of what `choose` picks for the engine's database, which is only read.

    :raises MigrationsStopped: where running it would be refused, or fails on an empty copy.
    """
    async with records.reading(engine) as connection:
        if not backwards:
            await records.refuse_changed_files(connection)
        ran = await (undoable if backwards else records.applied)(connection)
        sizes = {row["relname"]: f"{row['rows']:,} rows, {row['size']}" for row in await connection.fetch(SIZES)}
    chosen = choose(ran)
    async with a_server(engine, scratch_server) as server, scratch(engine, server) as run:
        await migrate(run, [one for one in all_migrations() if one.key in set(ran)])
        old = frozenset((await read_schema_state(run.connection)).tables)
        planned = [await observe(run, one, old, backwards=backwards) for one in chosen]
    return "\n".join(one.script(sizes) for one in planned)


@dataclass(frozen=True)
class Lint:
    planned: Sequence[Planned]
    undeclared: Sequence[Difference]

    @property
    def fine(self) -> bool:
        return not self.undeclared and not any(one.objections for one in self.planned)

    def __str__(self) -> str:
        if self.fine:
            return (
                f"{len(self.planned)} migrations: no risk that was not accepted, and they make what the code declares."
            )
        risks = [f"{one.migration.path.name}: {risk}" for one in self.planned for risk in one.objections]
        missing = [f"no migration makes it so: {one}" for one in self.undeclared]
        return "\n".join(risks + missing)


async def lint(engine: Engine) -> Lint:
    """Looks at every migration of the program, on a server of its own: no database is needed."""
    async with throwaway_server() as server:
        async with scratch(engine, server) as run:
            planned = []
            for migration in all_migrations():
                old = frozenset((await read_schema_state(run.connection)).tables)
                planned.append(await observe(run, migration, old))
            made = await migrate(run, [])
        declared = await declared_catalog(engine, server)
    return Lint(planned, compare(declared, made))


async def observe(run: Run, migration: Migration, old: Old, *, backwards: bool = False) -> Planned:
    step, observer = Step(migration, await migration.manager()), Observer()
    with quiet(), run.journal.telling(observer):
        await (run.backwards if backwards else run.forwards)([step])
    effects = [effect for effect in observer.effects if effect.statement.text != SETTLE]
    return Planned(
        migration=migration,
        alone=step.alone,
        faked=step.faked,
        effects=effects,
        old=old,
        of_the_whole=tuple(_risks_of_the_whole(step, effects)),
    )


def _risks_of_the_whole(step: Step, effects: Sequence[Effect]) -> Iterator[Risk]:
    """The risks of the migration as a whole."""
    if not step.alone and any(effect.statement.validates for effect in effects):
        yield Risk("validates-late", "", "validates while the locks of its neighbours in the transaction are held")
    if step.manager.raw and not step.manager.raw_backwards:
        yield Risk("no-way-back", "", "has steps of its own, but none backwards")
    scripts = [getattr(raw, "sql", "") for raw in (*step.manager.raw, *step.manager.raw_backwards)]
    for statement in [one for script in scripts for one in statements(script)] if step.alone else ():
        if (statement.creates or statement.drops) and not REPEATABLE.search(statement.bare):
            yield Risk("not-repeatable", "", f"cannot be run again once it ran: {statement.bare[:80]}")
