"""Chooses migrations by the arguments of Piccolo's commands: `all`, `1` (the next one), or an id."""

from collections.abc import Callable, Sequence

from backoffice.migrations.files import Key, Migration, all_migrations, apps
from backoffice.migrations.outcomes import MigrationRefused, say

Choice = Callable[[list[Key]], Sequence[Migration]]


def forwards(app: str = "all", until: str = "all", *, agree: Callable[[int], bool] = lambda number: True) -> Choice:
    """Chooses pending migrations, up to `until`. `agree` is called with their number, and may refuse."""

    def choose(ran: list[Key]) -> list[Migration]:
        _check(app)
        mine = [migration for migration in all_migrations() if app in ("all", migration.app)]
        pending = [migration for migration in mine if migration.key not in set(ran)]
        chosen = pending if until == "all" else pending[:1] if until == "1" else _up_to(until, mine, pending)
        if not chosen:
            say("🏁 No migrations need to be run\n")
        return _agreed(chosen, agree)

    return choose


def backwards(app: str = "all", until: str = "1", *, agree: Callable[[int], bool] = lambda number: True) -> Choice:
    """Chooses applied migrations, the last first, down to and including `until`."""

    def choose(ran: list[Key]) -> list[Migration]:
        _check(app)
        order = list(dict.fromkeys(migration.app for migration in all_migrations()))
        mine = [key for key in ran if app in ("all", key[0])]
        mine.sort(key=lambda key: order.index(key[0]) if key[0] in order else len(order))  # stable: else as they ran
        if not mine:
            say("🏁 No migrations to reverse!\n")
        first = 0 if until == "all" else max(len(mine) - 1, 0) if until == "1" else _place(until, mine)
        return _agreed([_on_disk(key) for key in reversed(mine[first:])], agree)

    return choose


def _check(app: str) -> None:
    names = [one.app_name for one in apps()]
    if app not in ("all", *names):
        raise MigrationRefused(f"There is no app {app}; there are {', '.join(names)}")


def _agreed(chosen: list[Migration], agree: Callable[[int], bool]) -> list[Migration]:
    if chosen and not agree(len(chosen)):
        raise MigrationRefused("Not proceeding.")
    return chosen


def _up_to(until: str, mine: list[Migration], pending: list[Migration]) -> list[Migration]:
    if until not in [migration.id for migration in mine]:
        raise MigrationRefused(f"{until} is unrecognised")
    return [migration for migration in pending if migration.id <= until]


def _place(until: str, ran: list[Key]) -> int:
    names = [name for _, name in ran]
    if until not in names:
        raise MigrationRefused(f"Unrecognized migration name - must be one of {names}")
    return names.index(until)


def _on_disk(key: Key) -> Migration:
    for migration in all_migrations():
        if migration.key == key:
            return migration
    raise MigrationRefused(
        f"This program has no file of migration {' '.join(key)}, which ran. Go back with the release that has it."
    )
