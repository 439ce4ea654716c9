"""The SQL that would make a database what its migrations make of it."""

from collections.abc import Sequence

from backoffice.migrations.catalog import Difference
from backoffice.migrations.changes import concurrently
from backoffice.migrations.sql import Statement


def repair(differences: Sequence[Difference]) -> str:
    """A script to read before it is run; what would lose data, or needs thought, stands in it as a comment."""
    order = sorted(differences, key=lambda one: (KINDS.index(one.kind) if one.kind in KINDS else 0, one.name))
    return "\n".join(f"-- {one}\n{_mend(one)}" for one in order)


# Functions before the triggers, checks and indexes that use them.
KINDS = ["type", "sequence", "table", "column", "function", "constraint", "index", "trigger"]


def _mend(difference: Difference) -> str:
    if difference.expected is None:
        return _commented(_drop(difference))
    if difference.kind == "function":
        return f"{difference.expected.strip()};"
    if difference.kind in ("trigger", "constraint", "index"):
        gone = f"{_drop(difference)}\n" if difference.found else ""
        return f"{gone}{_create(difference, difference.expected)}"
    return _commented(f"expected: {difference.expected}\nfound: {difference.found}")


def _create(difference: Difference, definition: str) -> str:
    table, _, name = difference.name.partition(".")
    if difference.kind == "constraint":
        return f'ALTER TABLE public."{table}" ADD CONSTRAINT "{name}" {definition};'
    return concurrently(Statement(definition)) if difference.kind == "index" else f"{definition};"


def _drop(difference: Difference) -> str:
    table, _, name = difference.name.partition(".")
    match difference.kind:
        case "trigger":
            return f'DROP TRIGGER "{name}" ON public."{table}";'
        case "constraint":
            return f'ALTER TABLE public."{table}" DROP CONSTRAINT "{name}";'
        case "column":
            return f'ALTER TABLE public."{table}" DROP COLUMN "{name}";'
        case "index":
            return f'DROP INDEX CONCURRENTLY public."{name}";'
        case "function":
            return f"DROP FUNCTION public.{difference.name};"
        case kind:
            return f"drop the {kind} {difference.name}"


def _commented(text: str) -> str:
    return "\n".join(f"-- {line}" for line in text.splitlines())
