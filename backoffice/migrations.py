"""What migrations need beyond Piccolo: whole SQL scripts, and the text of the rules in both directions."""

import re
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from piccolo.engine import engine_finder

CREATED = re.compile(
    r"^CREATE (?:OR REPLACE |UNIQUE |CONSTRAINT )*"
    r"(?P<kind>TYPE|FUNCTION|TRIGGER|INDEX|SEQUENCE) (?:IF NOT EXISTS )?(?P<name>\w+)",
    re.MULTILINE,
)
TRIGGERED_TABLE = re.compile(r"\bON (\w+)")


def script(sql: str) -> Callable[[], Coroutine[Any, Any, None]]:
    """A step for `MigrationManager.add_raw`: runs a script of several statements, to the letter.

    Piccolo's own `raw()` would take the braces in it for placeholders.
    """

    async def run() -> None:
        engine = engine_finder()
        assert engine is not None
        await engine.current_transaction.get().connection.execute(sql)  # type: ignore[union-attr] # run() opened one

    return run


def read_rules(files: Iterable[Path]) -> str:
    """The scripts one after the other, as a migration freezes them."""
    return "\n".join(file.read_text() for file in files)


def undo_rules(sql: str) -> str:
    """The statements that drop what a rules script creates, last first."""
    drops = []
    for match in CREATED.finditer(sql):
        kind, name = match["kind"], match["name"]
        table = f" ON {TRIGGERED_TABLE.search(sql, match.end())[1]}" if kind == "TRIGGER" else ""  # type: ignore[index]
        drops.append(f"DROP {kind} {name}{table};")
    return "\n".join(dict.fromkeys(reversed(drops)))
