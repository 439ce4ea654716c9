"""The SQL that would repair drift: that makes a database what its migrations make."""

from functools import partial

from backoffice.migrations.catalog import EVERYBODY, ITS_OWNER, Catalog, Difference
from backoffice.migrations.changes import concurrently
from backoffice.migrations.checking import Report
from backoffice.migrations.sql import Statement


def repair(report: Report) -> str:
    """A script to read before it is run; what would lose data, or needs thought, stands in it as a comment."""
    order = sorted(report.drift, key=lambda one: (KINDS.index(one.kind) if one.kind in KINDS else 0, one.name))
    mend = partial(_mend, expected=report.expected)
    return "\n".join(f"-- {one}\n{mend(one)}" for one in order)


# Functions before the triggers, checks and indexes that use them.
KINDS = ["type", "sequence", "table", "column", "function", "privilege", "constraint", "index", "trigger"]


def _mend(difference: Difference, expected: Catalog) -> str:
    if difference.expected is None:
        return _commented(_drop(difference))
    if difference.kind == "function":
        return f"{difference.expected.strip()};{_close_again(difference, expected)}"
    if difference.kind == "privilege":
        return _let(difference.belongs_to, difference.expected, str(difference.found))
    if difference.kind in ("trigger", "constraint", "index"):
        gone = f"{_drop(difference)}\n" if difference.found else ""
        return f"{gone}{_create(difference, difference.expected)}"
    return _commented(f"expected: {difference.expected}\nfound: {difference.found}")


def _close_again(function: Difference, expected: Catalog) -> str:
    """The REVOKE for a re-created function, which everybody may call."""
    who = expected[f"privilege EXECUTE on {function.name}"]
    return "" if function.found or who == EVERYBODY else f"\n{_let(function.name, who, EVERYBODY)}"


def _let(function: str, who: str, before: str) -> str:
    if who == EVERYBODY:
        return f"GRANT EXECUTE ON FUNCTION public.{function} TO PUBLIC;"
    return f"REVOKE EXECUTE ON FUNCTION public.{function} FROM {before.removeprefix(f'{ITS_OWNER}, ')};"


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
        case "child":
            return f'ALTER TABLE {name} NO INHERIT public."{table}";'
        case "right":
            return f"take away the right {difference.name}, as `piccolo backoffice grant` does where it can"
        case kind:
            return f"drop the {kind} {difference.name}"


def _commented(text: str) -> str:
    return "\n".join(f"-- {line}" for line in text.splitlines())
