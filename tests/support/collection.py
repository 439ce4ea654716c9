"""Which tests run, and in what order."""

import gc
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # xdist does not say its types

from tests.support.surroundings import BETWEEN

# While two thousand tests are found, all that is made stays: to look for garbage takes a third of the time.
gc.disable()

# Those that take longest begin first, so that no process is left with one of them when the others are done. xdist would
# begin with those that have most tests, unless told otherwise. Restarts mostly wait, beside those that never do.
LONGEST = [
    "test_indexes",
    "test_restart",
    "test_forms_in_chromium",
    "test_lists_in_chromium",
    "test_schemathesis",
    "test_run",
    "test_behind_proxy",
    "test_failover",
    "test_migration_check",
    "test_migration_round_trips",
    "test_migration_writing",
    "test_concurrency",
    "test_migration_broken_off",
    "test_migration_runner",
    "test_migration_races",
    "test_backup",
    "test_backup_ended",
]

# Each process that has any of them starts a server and a browser: two do, and not four.
IN_CHROMIUM = "tests/chromium/"
FIRST_IN_CHROMIUM = ("test_forms", "test_refused", "test_roles", "test_sessions")


class Scheduling(LoadFileScheduling):  # type: ignore[misc] # the same
    """By files, of which those in Chromium are two."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if not file.startswith(IN_CHROMIUM):
            return file
        return f"{IN_CHROMIUM}{file.removeprefix(IN_CHROMIUM).startswith(FIRST_IN_CHROMIUM)}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if (_goes_between(item) if BETWEEN else not _is_about_pgbouncer(item))]
    items.sort(key=lambda item: _turn(item.path.stem))


def _turn(file: str) -> int:
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


def pytest_collection_finish() -> None:
    """From here on garbage is looked for, but not among the tests and what they are made of."""
    gc.freeze()
    gc.enable()


def _goes_between(item: pytest.Item) -> bool:
    """Whether it is worth a run through PgBouncer; what browsers show does not depend on it."""
    is_served = "as_served" in getattr(item, "fixturenames", ()) and not item.nodeid.startswith(IN_CHROMIUM)
    return _is_about_pgbouncer(item) or is_served


def _is_about_pgbouncer(item: pytest.Item) -> bool:
    return item.get_closest_marker("pgbouncer") is not None
